/**
 * A long list of which only what is near the window is in the page.
 *
 * The list is cut into blocks of `size` items. Each block is one element, always there and as high as its items are (or
 * are expected to be); its items are rendered while it is near the window. No sums of heights have to be kept: the
 * browser's own layout does it, and its scroll anchoring holds the place when an expectation was wrong.
 */
import {render, nothing} from './base.js';

const SETTLE_MS = 60;

export class Blocks {
  /**
   * @param scroller the element that scrolls; @param parent where the blocks go;
   * @param size items a block; @param height expected pixels of a block of so many items;
   * @param draw template of the items [from, to), or null if they are not here yet; @param load gets those, a promise.
   */
  constructor({scroller, parent, size, height, draw, load}) {
    Object.assign(this, {scroller, parent, size, height, draw, load});
    this.blocks = [];
    this.count = 0;
    this.watcher = new IntersectionObserver((seen) => this.seen(seen), {root: scroller, rootMargin: '600px 0px'});
  }

  /** There are so many items now; those before are the same unless `anew`. */
  show(count, anew = false) {
    const [before, wanted] = [this.count, Math.ceil(count / this.size)];
    this.count = count;
    if (anew) this.scroller.scrollTop = 0;
    while (this.blocks.length > wanted) this.drop();
    while (this.blocks.length < wanted) this.add();
    const from = anew ? 0 : Math.floor(before / this.size);
    if (anew) for (const block of this.blocks) render(nothing, block);
    this.blocks.slice(from).forEach((block) => (block.drawn ? this.fill(block) : this.expect(block)));
  }

  /** Draw again what is drawn. */
  refresh() {
    for (const block of this.blocks) if (block.drawn) this.fill(block);
  }

  /** The element of an item, drawn for it if it was not. */
  item(index) {
    const block = this.blocks[Math.floor(index / this.size)];
    if (!block) return null;
    if (!block.drawn) this.fill(block);
    return block.children[index % this.size] ?? null;
  }

  close() {
    this.watcher.disconnect();
    while (this.blocks.length) this.drop();
  }

  add() {
    const block = document.createElement('div');
    block.className = 'block';
    block.setAttribute('role', 'presentation');
    block.number = this.blocks.length;
    this.blocks.push(block);
    this.parent.append(block);
    this.watcher.observe(block);
  }

  drop() {
    const block = this.blocks.pop();
    this.watcher.unobserve(block);
    block.remove();
  }

  span(block) {
    return [block.number * this.size, Math.min(this.count, (block.number + 1) * this.size)];
  }

  expect(block) {
    const [from, to] = this.span(block);
    block.style.height = `${this.height(to - from)}px`;
  }

  fill(block) {
    block.drawn = true;
    const items = this.draw(...this.span(block));
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
    await this.load(...this.span(block)).catch(() => {});
    if (block.drawn && block.isConnected && this.draw(...this.span(block)) !== null) this.fill(block);
  }

  seen(entries) {
    for (const {target, isIntersecting, boundingClientRect} of entries) {
      if (isIntersecting && !target.drawn) this.fill(target);
      if (!isIntersecting && target.drawn && !target.contains(target.getRootNode().activeElement)) {
        const [from, to] = this.span(target);
        target.drawn = false;
        target.style.height = `${boundingClientRect.height || this.height(to - from)}px`;
        render(nothing, target);
      }
    }
  }
}
