/** Conversations that the server remembers: listed, read back, renamed, deleted. */
import {api} from './api.js';

const LONGEST = 60;

export const conversations = {
  async list() {
    return (await api.get('chats')).items;
  },

  /** A new conversation is called what was asked first; a number tells it from one that is called so already. */
  name(question, held) {
    const name = question.replace(/[\s/]+/g, ' ').slice(0, LONGEST).trim();
    const taken = new Set(held.map((each) => each.name));
    let [unique, number] = [name, 2];
    while (taken.has(unique)) unique = `${name} (${number++})`;
    return unique;
  },

  /** The turns as they are shown: each claim with the citation that was kept of it. */
  async turns(name) {
    const {items} = await api.get(`chats/${encodeURIComponent(name)}`);
    return items.map((turn) => ({
      ...turn, steps: [], nearest: [], done: true,
      claims: turn.claims.map((text, i) => ({text, citations: turn.cited[i] ? [turn.cited[i]] : []})),
      answer: {question: turn.question, answer: turn.answer, found: turn.found, claims: [], nearest: [], trail: [], engine: {}},
    })).map((turn) => (turn.answer.claims = turn.claims, turn));
  },

  rename(name, wanted) {
    return api.send('PATCH', `chats/${encodeURIComponent(name)}`, {name: wanted});
  },

  remove(name) {
    return api.send('DELETE', `chats/${encodeURIComponent(name)}`);
  },
};
