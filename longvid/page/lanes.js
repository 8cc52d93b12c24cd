/** `<longvid-lanes>`: what is where in a video, one row for each kind, drawn under the player's time line. */
import {Part, html, svg, nothing} from './base.js';
import {t} from './texts.js';
import {clock, playPoint} from './times.js';

const COLOURS = 6;

class Lanes extends Part {
  static properties = {duration: {}, hits: {}, slides: {}, chapters: {}, turns: {}, sounds: {}};

  /** Who speaks when, one colour for each. */
  coloured() {
    const names = [...new Set((this.turns ?? []).map((turn) => turn.speaker))];
    return (this.turns ?? []).map((turn) => ({...turn, colour: names.indexOf(turn.speaker) % COLOURS}));
  }

  render() {
    const rows = [
      ['hits', this.hits, (hit) => hit.title ?? ''],
      ['chapters', this.chapters, (chapter) => chapter.title ?? ''],
      ['slides', this.slides, (slide) => slide.title ?? ''],
      ['speakers', this.coloured(), (turn) => turn.speaker],
      ['sounds', this.sounds, (sound) => sound.label],
    ].filter(([, marks]) => marks?.length);
    return html`<div class="lanes">${rows.map(([name, marks, label]) => this.lane(name, marks, label))}</div>`;
  }

  lane(name, marks, label) {
    const least = this.duration / 250;
    return html`<div class="lane ${name}"><span class="name">${t(`lane.${name}`)}</span>
      <svg viewBox="0 0 ${this.duration} 1" preserveAspectRatio="none" role="img" aria-label=${t(`lane.${name}.label`, {n: marks.length})}
        @click=${(event) => this.pick(event, marks)}>
        ${marks.map((mark, i) => svg`<rect class="c${mark.colour ?? i % 2}" x=${mark.start_s} y="0" height="1"
          width=${Math.max(least, mark.end_s - mark.start_s - (name === 'slides' || name === 'chapters' ? this.duration / 600 : 0))}
          ><title>${clock(mark.start_s)} ${label(mark)}</title></rect>`)}
      </svg></div>`;
  }

  /** The mark under the pointer, or the nearest one; outside of all, the time itself. */
  pick(event, marks) {
    const box = event.currentTarget.getBoundingClientRect();
    const at_s = ((event.clientX - box.left) / box.width) * this.duration;
    const near_s = (this.duration / box.width) * 8;
    const hit = marks.findLast((mark) => at_s >= mark.start_s - near_s && at_s <= mark.end_s + near_s);
    this.tell('lane', {at_s: hit ? playPoint(hit) : at_s});
  }
}

customElements.define('longvid-lanes', Lanes);
