/** Time as Portcullis writes it down: wall-clock text for records, a steady counter for durations. */

let lastMillis = -1;
let lastText = '';

/** Now in UTC as RFC 3339 with milliseconds (`2026-11-03T09:15:00.123Z`). The text is made once per millisecond. */
export function isoNow(): string {
  const millis = Date.now();
  if (millis !== lastMillis) {
    lastMillis = millis;
    lastText = new Date(millis).toISOString();
  }
  return lastText;
}

/** Whole microseconds since the process started; never goes back when the wall clock is set. For durations only. */
export function monotonicMicros(): number {
  return Math.floor(performance.now() * 1000);
}
