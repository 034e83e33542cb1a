// Whether the images of a page are visible.

const isThere = (image) => image.complete && image.naturalWidth > 0;
const isFailed = (image) => image.complete && image.naturalWidth === 0;

// Images in `element` that are not visible, by reason: `loading` or `failed`.
export const missing = (element) => {
  const images = [...element.querySelectorAll("img")].filter((image) => !isThere(image));
  const failed = images.filter(isFailed);
  return { loading: images.filter((image) => !failed.includes(image)), failed };
};

// Why it cannot be labelled yet; null if it can.
export const obstacle = (element) => {
  const { loading, failed } = missing(element);
  return loading.length ? "loading" : failed.length ? "failed" : null;
};
