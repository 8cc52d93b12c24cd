/** `<longvid-summary video="…">`: overview, decisions, tasks and open questions, each line with its chip. */
import {Part, html, nothing} from './base.js';
import {api} from './api.js';
import {chip} from './chips.js';
import {t} from './texts.js';
import {clock} from './times.js';
import {seek, videoOf} from './video.js';

const PARTS = ['overview', 'decisions', 'action_items', 'open_questions'];

class Summary extends Part {
  static properties = {video: {}, summary: {state: true}, fault: {state: true}};

  willUpdate(changed) {
    if (!changed.has('video') || !this.video) return;
    Object.assign(this, {summary: null, fault: ''});
    const id = this.video;
    api.once(`${videoOf(id).path}/summary`).then((made) => id === this.video && (this.summary = made), (problem) => (this.fault = problem.message));
  }

  render() {
    const {summary} = this;
    if (this.fault) return html`<p class="fault" role="alert">${this.fault}</p>`;
    if (!summary) return html`<p class="empty"><i class="spin"></i> ${t('loading')}</p>`;
    return html`<section class="summary">
      ${PARTS.filter((part) => summary[part].length).map((part) => html`<h3>${t(`summary.${part}`)}</h3><ul class="claims">${summary[part].map((line) => html`<li>
        ${line.owner ? html`<b class="owner" dir="auto">${line.owner}</b> ` : nothing}<span dir="auto">${line.text}</span>
        <span class="chips">${[line.citation, ...line.also].map((citation) => chip(this, citation, true))}</span></li>`)}</ul>`)}
      ${summary.chapters.length ? html`<h3>${t('summary.chapters')}</h3><ol class="chapters">${summary.chapters.map((chapter) => html`<li>
        <button class="row" @click=${() => seek(this, {video_id: this.video, ...chapter})}><time dir="ltr">${clock(chapter.start_s)}</time> <span dir="auto">${chapter.title}</span></button></li>`)}</ol>` : nothing}
      ${PARTS.some((part) => summary[part].length) ? html`<p class="soft">${t('summary.how', {how: summary.how})}</p>` : html`<p class="empty">${t('summary.none')}</p>`}
    </section>`;
  }
}

customElements.define('longvid-summary', Summary);
