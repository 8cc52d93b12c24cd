/** A long list of which the server gives parts; each is asked for once, when somebody needs an item of it. */
export class Parts {
  /** @param size items a part; @param ask `(first, size) => Promise<items>`. */
  constructor(size, ask) {
    Object.assign(this, {size, ask, asked: new Map(), held: new Map()});
  }

  /** An item, if it is here already. */
  item(index) {
    return this.held.get(Math.floor(index / this.size))?.[index % this.size];
  }

  /** The items [from, to) if they are here, else null. */
  slice(from, to) {
    return this.numbers(from, to).every((number) => this.held.has(number)) ? this.cut(from, to) : null;
  }

  /** The items [from, to), asked for where they are not here. */
  async load(from, to) {
    await Promise.all(this.numbers(from, to).map((number) => this.part(number)));
    return this.cut(from, to);
  }

  cut(from, to) {
    return this.numbers(from, to).flatMap((number) => this.held.get(number).slice(Math.max(0, from - number * this.size), to - number * this.size));
  }

  numbers(from, to) {
    const [first, end] = [Math.floor(from / this.size), Math.ceil(to / this.size)];
    return Array.from({length: Math.max(0, end - first)}, (_, i) => first + i);
  }

  part(number) {
    if (!this.asked.has(number)) {
      const asked = this.ask(number * this.size, this.size).then((items) => (this.held.set(number, items), items));
      asked.catch(() => this.asked.delete(number));
      this.asked.set(number, asked);
    }
    return this.asked.get(number);
  }
}
