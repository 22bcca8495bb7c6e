/** How long a way to the server is waited for before the next one is tried: the same for every line. */

/** Handshakes in a row that may fail before HTTP is tried: more where one was well once, one where it is known to be of no use. */
export const FAILURES = { usual: 2, wellOnce: 5, stripped: 1 };
/** An event stream says something at once and then every 15 s. */
export const FIRST_EVENT_MS = 8_000;
export const EVENT_SILENCE_MS = 40_000;
