/**
 * A long list of which only what is near the window is in the page.
 *
 * The list is cut into sections, each one element that is always there and as high as its items are (or are expected to
 * be). A section near the window holds its blocks of `size` items, likewise; a block nearer still has its items rendered.
 * No sums of heights have to be kept: the browser's own layout does it, and its scroll anchoring holds the place when an
 * expectation was wrong. Two steps, because style, layout and painting of every frame go through all that is there.
 */
import {render, nothing} from './base.js';

const SETTLE_MS = 60;
const BLOCKS = 25; // of a section

export class Blocks {
  /**
   * @param scroller the element that scrolls; @param parent where the sections go;
   * @param size items a block; @param height expected pixels of so many items, those of a section being the sum of its blocks';
   * @param draw template of the items [from, to), or null if they are not here yet; @param load gets those, a promise.
   */
  constructor({scroller, parent, size, height, draw, load}) {
    Object.assign(this, {scroller, parent, size, height, draw, load});
    this.sections = [];
    this.count = 0;
    this.outer = this.watch('2400px 0px', (section) => this.open(section), (section, tall) => this.shut(section, tall), 'blocks');
    this.inner = this.watch('600px 0px', (block) => this.fill(block), (block, tall) => this.clear(block, tall), 'drawn');
  }

  /** Calls `near` for an element that comes near the window, and `far` with its height when it leaves; `there` says which it is. */
  watch(margin, near, far, there) {
    const seen = (entries) => {
      for (const {target, isIntersecting, boundingClientRect} of entries) {
        if (isIntersecting && !target[there]) near(target);
        if (!isIntersecting && target[there] && !target.contains(target.getRootNode().activeElement)) far(target, boundingClientRect.height);
      }
    };
    return new IntersectionObserver(seen, {root: this.scroller, rootMargin: margin});
  }

  /** There are so many items now; those before are the same unless `anew`. */
  show(count, anew = false) {
    const [before, each] = [this.count, this.size * BLOCKS];
    if (count === before && !anew) return;
    this.count = count;
    if (anew) this.scroller.scrollTop = 0;
    const kept = anew ? 0 : Math.floor(Math.min(before, count) / each);
    while (this.sections.length > kept) this.drop();
    const added = Array.from({length: Math.ceil(count / each) - kept}, (_, i) => this.element('section', (kept + i) * each, (kept + i + 1) * each));
    this.parent.append(...added);
    this.sections.push(...added);
    for (const section of added) this.outer.observe(section);
  }

  /** Draw again what is drawn. */
  refresh() {
    for (const section of this.sections) for (const block of section.blocks ?? []) if (block.drawn) this.fill(block);
  }

  /** The element of an item that is here, drawn for it if it was not. */
  item(index) {
    const section = this.sections[Math.floor(index / (this.size * BLOCKS))];
    if (!section) return null;
    if (!section.blocks) this.open(section);
    const block = section.blocks[Math.floor(index / this.size) % BLOCKS];
    const at = index % this.size;
    if (!block.children[at]) this.fill(block); // also one that waits for its items, which are here by now
    return block.children[at] ?? null;
  }

  close() {
    this.outer.disconnect();
    this.inner.disconnect();
    while (this.sections.length) this.drop();
  }

  drop() {
    const section = this.sections.pop();
    this.outer.unobserve(section);
    this.shut(section);
    section.remove();
  }

  /** An element for the items [from, to), as high as they are expected to be. */
  element(kind, from, to) {
    const made = document.createElement('div');
    made.className = kind;
    made.setAttribute('role', 'presentation');
    made.span = [from, Math.min(this.count, to)];
    this.expect(made);
    return made;
  }

  expect(made) {
    made.style.height = `${this.height(made.span[1] - made.span[0])}px`;
  }

  open(section) {
    const [from, to] = section.span;
    section.blocks = Array.from({length: Math.ceil((to - from) / this.size)}, (_, i) => this.element('block', from + i * this.size, Math.min(to, from + (i + 1) * this.size)));
    section.blocks.forEach((block, i) => (block.style.height = section.heights?.[i] || block.style.height));
    section.append(...section.blocks);
    section.style.height = '';
    for (const block of section.blocks) this.inner.observe(block);
  }

  /** What its blocks were high they will be again. */
  shut(section, tall) {
    section.heights = section.blocks?.map((block) => block.style.height);
    for (const block of section.blocks ?? []) {
      this.inner.unobserve(block);
      block.drawn = false;
    }
    section.blocks = null;
    section.replaceChildren();
    if (tall) section.style.height = `${tall}px`;
  }

  clear(block, tall) {
    block.drawn = false;
    if (tall) block.style.height = `${tall}px`;
    else this.expect(block);
    render(nothing, block);
  }

  fill(block) {
    block.drawn = true;
    const items = this.draw(...block.span);
    if (items === null) {
      if (!block.firstElementChild) this.expect(block);
      return void setTimeout(() => this.fetch(block), SETTLE_MS);
    }
    block.style.height = '';
    render(items, block);
  }

  /** Who scrolls past a block does not ask for what is in it. */
  async fetch(block) {
    if (!block.drawn || !block.isConnected) return;
    await this.load(...block.span).catch(() => {});
    if (block.drawn && block.isConnected && this.draw(...block.span) !== null) this.fill(block);
  }
}
