// Whether the pictures of what is about to be decided are on the screen: nobody has seen what is
// still on its way, or did not come.

const isThere = (image) => image.complete && image.naturalWidth > 0;
const isFailed = (image) => image.complete && image.naturalWidth === 0;

// The pictures in `element` that are not there, by why: `loading` or `failed`.
export const missing = (element) => {
  const images = [...element.querySelectorAll("img")].filter((image) => !isThere(image));
  const failed = images.filter(isFailed);
  return { loading: images.filter((image) => !failed.includes(image)), failed };
};

// Why nothing may be decided about it, null where everything may.
export const obstacle = (element) => {
  const { loading, failed } = missing(element);
  return loading.length ? "loading" : failed.length ? "failed" : null;
};

// What comes next -------------------------------------------------------------------------------

const AT_ONCE = 2;

// Loads pictures ahead, a few at a time and none while the one in sight is on its way.
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

  // Whether it can be painted at once, and not only once it has been decoded.
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
    // One that did not come is asked for once more when its turn comes.
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
  // It is painted with the frame that it comes into, never after it.
  image.decoding = "sync";
  image.src = url;
  return image;
};

export const canPaint = (image) => image.decode().then(() => true, () => false);

// The server never enlarges: what is shorter than the size in its address is the original itself.
export const isWhole = (image, url) => {
  const size = Number(new URL(url, document.baseURI).searchParams.get("size"));
  return size > 0 && Math.max(image.naturalWidth, image.naturalHeight) < size;
};
