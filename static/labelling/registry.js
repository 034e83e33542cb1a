// Task types at the desk: a medium shows an item, an answer is what a person says of it. Each is one
// script, which registers itself by the name that the page's config gives: config.media, config.answer.
//
//   import { answers, media } from "../labelling/registry.js";
//   media.register("text", { show, announce });
//   answers.register("pairwise", { ... });
//
// The page loads such a script before main.js. Nothing else at the desk knows a task type, so a new one
// changes no other script. What is optional has a default below.
//
// A medium
//   mount(desk)         once, before the first item is shown; optional
//   show(item)          puts the item, as the server sends it, into #item
//   preload(items)      what comes next, the nearest first; optional
//   announce(item)      the item in words, for screen readers
//   excerpt(item)       the item in short, to name it in a notice; optional, else what is announced
//   obstacle()          why the item cannot be decided yet, a key of config.words.unseen; else null; optional
//   ownsPointer()       whether a finger that moves over the item moves the item, so it is no swipe; optional
//   actions             functions by the name of the action that has the key; optional
// A medium that shows an item later than show() returns sends the event "item:shown" from #item by then.
//
// An answer. Its value is JSON, and `blank` is the value before anything is chosen.
//   mount(desk)         once, before the first item is shown; optional
//   blank               such as [] or null
//   value               what is chosen now
//   put(value, draft)   marks a value as chosen; with it comes what its draft had
//   suggest(suggestion, served)  marks what the model suggests, as the server sends it with an item; null
//                       for nothing
//   learn(item, value)  an item was answered like this, null when that was undone; optional
//   suggested           the value that is suggested now, which Enter saves; else null
//   allowsBlank         whether blank can be saved, by Enter twice; optional, else it cannot
//   said(value)         the value in words
//   sent(value)         the fields of a decision that goes to the server, such as { label_ids }
//   received(given)     the value of an annotation, or of its history, as the server sends it
//   actionAt(key)       what a key does, a function; else null
//   actionOf(element)   what a click on an element does, a function; else null
//   take(shown)         labels, keys or guidelines changed while the page was open: paints them anew,
//                       keeps what is chosen, and returns in words what is different; optional
//   draft, restore(draft)  what else is kept with the value while the item is away, as an object of
//                       strings, and what of it comes back after a reload; optional
//   actions             as above; optional
//
// What both are given by mount is the desk:
//   config              the page's
//   say(words)          says something in the line below the item
//   decide(value)       saves the value and goes on
//   act(name)           does what the key of an action does
//   savesAtOnce()       whether choosing is saving, without Enter

const MEDIUM = {
  mount() {},
  preload() {},
  excerpt(item) {
    return this.announce(item);
  },
  obstacle: () => null,
  ownsPointer: () => false,
  actions: {},
};

const ANSWER = {
  mount() {},
  allowsBlank: false,
  learn() {},
  take: () => "",
  draft: {},
  restore() {},
  actions: {},
};

const withDefaults = (given, defaults) => {
  for (const name of Object.keys(defaults)) if (!(name in given)) given[name] = defaults[name];
  return given;
};

const registry = (defaults) => {
  const registered = new Map();
  return {
    register(name, given) {
      registered.set(name, withDefaults(given, defaults));
    },

    of(name) {
      if (!registered.has(name)) throw new RangeError(name);
      return registered.get(name);
    },
  };
};

export const media = registry(MEDIUM);
export const answers = registry(ANSWER);

// The plain text medium, used by so many pages that it has no file of its own.
media.register("text", {
  show: ({ text }) => (document.querySelector("#item .text").textContent = text),
  announce: ({ text }) => text,
});
