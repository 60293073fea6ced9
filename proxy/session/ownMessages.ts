/** Messages that the proxy sends the server by itself, within a client's session. */
import { serialize } from 'pg-protocol';

/** Stands in for what was refused: the server must fail on it, and so leaves the transaction as an error would. */
const refusedText = 'refused by portcullis';
export const failingQuery = serialize.query(refusedText);
export const failingParse = serialize.parse({ name: 'portcullis_refused', text: refusedText });

/** Around a Query whose changes are counted. */
export const beginQuery = serialize.query('BEGIN');
export const commitQuery = serialize.query('COMMIT');
export const rollbackQuery = serialize.query('ROLLBACK');
