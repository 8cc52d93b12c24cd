/** What a person can take away: links to a second or a span, quotes, files of an answer. */
import {api, save} from './api.js';
import {t} from './texts.js';
import {clock, mark, playPoint} from './times.js';
import {videoOf} from './video.js';

/** The page's address of a second or a span of a video. */
export function linkTo(video, start_s, end_s) {
  const url = new URL('./', import.meta.url);
  url.search = new URLSearchParams({video, t: mark(start_s, end_s)});
  return url.href.replaceAll('%2C', ',');
}

/** Into the clipboard; a page that came by plain HTTP from another machine has none, and asks as browsers did before it. */
export async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const copy = (event) => {
    event.clipboardData.setData('text/plain', text);
    event.preventDefault();
  };
  document.addEventListener('copy', copy, {once: true, capture: true});
  document.execCommand('copy');
}

/** Words and where they are, ready for a document. */
export async function copyQuote(video, {start_s, end_s, text}) {
  const {title} = await videoOf(video).info();
  await copyText(`“${text}”\n— ${title}, ${clock(start_s)}: ${linkTo(video, start_s, end_s)}`);
}

/** An answer that is one span: what an export can cut. */
export function spanAnswer(info, {start_s, end_s, text}) {
  const citation = {video_id: info.video_id, title: info.title, path: info.path, start_s, end_s, kind: 'speech', quote: text, passage_id: 0};
  return {question: info.title, answer: text, found: true, claims: [{text, citations: [citation]}], nearest: [], engine: {}};
}

const escaped = (text) => text.replace(/([\\`*_[\]<>#|])/g, '\\$1');

/** An answer as Markdown whose citations open the moment. */
export function markdown(answer) {
  const cite = (each) => `[${escaped(each.title)} @ ${clock(each.start_s)}](${linkTo(each.video_id, playPoint(each), each.end_s)})`;
  const lines = answer.claims.map((claim) => `- ${escaped(claim.text)} ${claim.citations.map(cite).join(' ')}`);
  return [`**${escaped(answer.question)}**`, '', ...(lines.length ? lines : [escaped(answer.answer)]), ''].join('\n');
}

export const FORMATS = ['html', 'md', 'clip', 'srt', 'edl', 'otio'];
const ENDINGS = {clip: 'mp4', md: 'zip'};

/** A file of an answer, made by the server; resolves to what to tell. */
export async function takeAnswer(answer, format) {
  if (format === 'copy') {
    await copyText(markdown(answer));
    return t('copied');
  }
  const made = await api.send('POST', 'exports', {format, answer});
  await save(await asFile(made), `answer.${ENDINGS[format] ?? format}`);
  return t('saved');
}

/** OpenTimelineIO is JSON, and so is read already. */
const asFile = async (made) => (made instanceof Response ? made : new Response(JSON.stringify(made, null, 2)));
