// Image loading: whether images are visible, and preloading.

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

// Preloading ------------------------------------------------------------------------------------

const AT_ONCE = 2;

// Preloads a few images at a time, and none while the current one is loading.
export class Preloader {
  #waiting = [];
  #images = new Map();
  #decoded = new WeakSet();
  #loading = 0;
  #isHeld = false;

  want(urls) {
    for (const url of this.#images.keys()) if (!urls.includes(url)) this.#images.delete(url);
    this.#waiting = [...new Set(urls)].filter((url) => !this.#images.has(url));
    this.#go();
  }

  take(url) {
    this.#waiting = this.#waiting.filter((each) => each !== url);
    const image = this.#images.get(url) ?? null;
    this.#images.delete(url);
    return image;
  }

  // Whether it can be painted at once, because it is decoded.
  isReady(image) {
    return this.#decoded.has(image);
  }

  hold(isHeld) {
    this.#isHeld = isHeld;
    this.#go();
  }

  #go() {
    while (!this.#isHeld && this.#loading < AT_ONCE && this.#waiting.length) {
      this.#load(this.#waiting.shift());
    }
  }

  async #load(url) {
    const image = imageOf(url, "low");
    this.#images.set(url, image);
    this.#loading += 1;
    // A failed image is requested once more when it is shown.
    if (await canPaint(image)) this.#decoded.add(image);
    else if (this.#images.get(url) === image) this.#images.delete(url);
    this.#loading -= 1;
    this.#go();
  }
}

export const imageOf = (url, priority) => {
  const image = new Image();
  image.fetchPriority = priority;
  image.className = "picture-image";
  image.draggable = false;
  // Decode synchronously, so that it is painted in the frame in which it is inserted.
  image.decoding = "sync";
  image.src = url;
  return image;
};

export const canPaint = (image) => image.decode().then(() => true, () => false);

// The server never enlarges: an image smaller than the requested size is the original.
export const isWhole = (image, url) => {
  const size = Number(new URL(url, document.baseURI).searchParams.get("size"));
  return size > 0 && Math.max(image.naturalWidth, image.naturalHeight) < size;
};
