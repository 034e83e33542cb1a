// Marking with a mouse or a finger: drags, clicks, and the two borders of a mark.

export class Pointer {
  #isDown = false;
  #isTouch = false;
  #moving = null; // the border that is being moved

  // `select(range)` is what was dragged over, `click(offset)` a click, `move(side, offset, isDone)` a
  // border that moves.
  constructor({ paint, select, click, move }) {
    Object.assign(this, { paint, select, click, move });
    const { box } = paint;
    box.addEventListener("pointerdown", (event) => this.#down(event));
    document.addEventListener("pointerup", (event) => this.#up(event));
    document.addEventListener("selectionchange", () => this.#changed());
    // Who selects by finger swipes nothing away.
    box.addEventListener("pointerup", (event) => this.#isTouch && this.paint.selected && event.preventDefault());
    box.addEventListener("pointermove", (event) => this.#drag(event));
  }

  #down(event) {
    if (event.button !== 0) return;
    const handle = event.target.closest?.(".span-handle");
    this.#isTouch = event.pointerType === "touch";
    if (!handle) {
      this.#isDown = true;
      return;
    }
    event.preventDefault();
    this.#moving = handle.dataset.side;
    handle.setPointerCapture(event.pointerId);
  }

  #drag(event) {
    if (!this.#moving) return;
    const offset = this.paint.offsetAt(event.clientX, event.clientY);
    if (offset !== null) this.move(this.#moving, offset, false);
  }

  #up(event) {
    if (this.#moving) {
      const offset = this.paint.offsetAt(event.clientX, event.clientY);
      this.move(this.#moving, offset, true);
      this.#moving = null;
      return;
    }
    if (!this.#isDown) return;
    this.#isDown = false;
    // The browser selects after this event.
    setTimeout(() => this.#settle(event));
  }

  #settle(event) {
    const { selected } = this.paint;
    if (selected) return this.select(selected, { isTouch: this.#isTouch });
    const offset = this.paint.offsetAt(event.clientX, event.clientY);
    if (offset !== null) this.click(offset);
  }

  // A finger selects by the browser's own handles; a label is chosen after that.
  #changed() {
    if (!this.#isTouch) return;
    const { selected } = this.paint;
    if (selected) this.select(selected, { isTouch: true });
  }
}
