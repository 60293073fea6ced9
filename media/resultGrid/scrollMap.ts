/** From the scroll bar to rows: as they are for most results, scaled where browsers would refuse an element so high. */

/** Chromium caps heights at some 33 million pixels; below it numbers are still exact. */
const highest = 24_000_000;

export interface ScrollMap {
  /** Height of the element that is scrolled. */
  readonly height: number;
  /** Where in all the rows, in pixels, the view stands. */
  toContent(scrollTop: number): number;
  toScroll(contentTop: number): number;
}

/** @param viewHeight pixels of rows that are seen at once. */
export function mapScroll(rowCount: number, rowHeight: number, viewHeight: number): ScrollMap {
  const whole = rowCount * rowHeight;
  const height = Math.min(whole, highest);
  const ratio = height === whole ? 1 : (whole - viewHeight) / (height - viewHeight);
  const last = Math.max(0, whole - viewHeight);
  return {
    height,
    toContent: (scrollTop) => Math.min(last, Math.max(0, scrollTop * ratio)),
    toScroll: (contentTop) => Math.min(last, Math.max(0, contentTop)) / ratio,
  };
}
