/** Tells masks where they are written: a grid that saves a whole row would put them in place of what they stand for. */

/** Every form that hides letters has the three dots; tokens are told by their own (methods/tokens.ts). */
const forms = /\u2022\u2022\u2022|\btok_[a-z2-7]{16}\b/;
/** The same in UTF-8, each byte read as a character. */
const formsInBytes = /(?:\xe2\x80\xa2){3}|\btok_[a-z2-7]{16}\b/;

export function holdsMask(text: string): boolean {
  return forms.test(text);
}

export function bytesHoldMask(bytes: Buffer): boolean {
  return formsInBytes.test(bytes.toString('latin1'));
}
