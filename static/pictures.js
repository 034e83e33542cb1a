"use strict";

// Whether the pictures of what is about to be decided are on the screen: nobody has seen what is
// still on its way, or did not come.
(() => {
  const isThere = (image) => image.complete && image.naturalWidth > 0;
  const isFailed = (image) => image.complete && image.naturalWidth === 0;

  // The pictures in `element` that are not there, by why: `loading` or `failed`.
  const missing = (element) => {
    const images = [...element.querySelectorAll("img")].filter((image) => !isThere(image));
    const failed = images.filter(isFailed);
    return { loading: images.filter((image) => !failed.includes(image)), failed };
  };

  // Why nothing may be decided about it, null where everything may.
  const obstacle = (element) => {
    const { loading, failed } = missing(element);
    return loading.length ? "loading" : failed.length ? "failed" : null;
  };

  window.Winnow ??= {};
  window.Winnow.pictures = { missing, obstacle };
})();
