// Which of two is better. The three choices are labels of the project; what they are called is on the
// buttons, as the server translated it. Digits choose by place, beside the keys of the labels.

import { answers } from "../labelling/registry.js";
import { Choices } from "./choices.js";

class Pairwise extends Choices {
  #titles;

  constructor() {
    super({ multiple: false });
  }

  mount(desk) {
    this.#titles = new Map(
      [...document.querySelectorAll("[data-choice]")].map((choice) => [
        Number(choice.value),
        choice.querySelector(".choice-name").textContent,
      ]),
    );
    this.#entitle(desk.config.labels);
    super.mount(desk);
  }

  take(shown) {
    this.#entitle(shown.labels);
    return super.take(shown);
  }

  actionAt(key) {
    const byPlace = this.choices[Number(key) - 1]?.dataset.key;
    return super.actionAt(byPlace ?? key);
  }

  #entitle(labels) {
    for (const label of labels) label.name = this.#titles.get(label.id) ?? label.name;
  }
}

answers.register("pairwise", new Pairwise());
