/** Words of a query found in a text, and shown in it; what is shown stays text. */
import {html} from './base.js';

const fold = (text) => text.normalize('NFKD').replace(/\p{M}+/gu, '').toLocaleLowerCase();

/** Does a text hold this, as it is written (letter case and accents aside)? */
export function finder(query) {
  const wanted = fold(query.trim());
  const find = (text) => wanted !== '' && fold(text).includes(wanted);
  find.spans = (text) => {
    const found = [];
    const folded = [...text].map(fold);
    const whole = folded.join('');
    for (let at = whole.indexOf(wanted); wanted && at >= 0; at = whole.indexOf(wanted, at + wanted.length)) {
      found.push([signs(text, folded, at), signs(text, folded, at + wanted.length)]);
    }
    return found;
  };
  return find;
}

/** Where in the text the folded text's place is: folding may change how long a sign is. */
function signs(text, folded, place) {
  const each = [...text];
  let [at, seen] = [0, 0];
  for (let i = 0; i < each.length && seen < place; i++) {
    seen += folded[i].length;
    at += each[i].length;
  }
  return at;
}

/** What English words end on after what they have in common: learn-ed and learn-ing, decid-e and decid-ing, quer-y and quer-ies. */
const ENDING = /^(|e|s|es|d|ed|ing|ings|er|ers|y|ies|ied|([bdfglmnprt])(ed|ing))$/;

/** The words of a query in any of their forms: the same beginning, and an ending of at most three letters more or less. */
export function forms(query) {
  const wanted = words(query).map(([word]) => fold(word)).filter((word) => word.length > 2);
  const like = (word) => wanted.some((each) => {
    const [short, long] = each.length < word.length ? [each, word] : [word, each];
    const stem = short.length > 5 ? short.slice(0, -1) : short;
    let same = 0;
    while (same < short.length && short[same] === long[same]) same++;
    if (same > 3 && ENDING.test(short.slice(same)) && ENDING.test(long.slice(same))) return true;
    return word === each || (short.length > 3 && long.length - short.length <= 3 && long.startsWith(stem));
  });
  const find = (text) => find.spans(text).length > 0;
  find.spans = (text) => words(text).filter(([word]) => like(fold(word))).map(([word, at]) => [at, at + word.length]);
  return find;
}

const words = (text) => [...text.matchAll(/[\p{L}\p{N}\p{M}]+/gu)].map((match) => [match[0], match.index]);

/** The text with what was found in <mark>. */
export function marked(text, find) {
  const parts = [];
  let at = 0;
  for (const [from, to] of find.spans(text)) {
    parts.push(text.slice(at, from), html`<mark>${text.slice(from, to)}</mark>`);
    at = to;
  }
  return [...parts, text.slice(at)];
}
