/** Everyday statements that are still refused or answered otherwise, by what they begin with, with what is missing. */
export const knownChanges: Readonly<Record<string, string>> = {
  "INSERT INTO follows SELECT email, 'sport' FROM customers":
    'copying into a column that is protected as its source is refused like any other copy',
  'INSERT INTO customers_old SELECT * FROM customers':
    'copying into a column that is protected as its source is refused like any other copy',
};
