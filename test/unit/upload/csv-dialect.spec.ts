import { detectDialect } from '../../../src/upload/csv-dialect.js';

describe('detectDialect', () => {
  it.each([',', ';', '\t', '|'])('finds the delimiter %j by the header it makes sense of', (delimiter) => {
    const others = [',', ';', '\t', '|'].filter((other) => other !== delimiter);
    // More of each other one than delimiters, so that counting them would mislead.
    const note = others.map((other) => other.repeat(5)).join('Note');
    expect(detectDialect(['Title', note, '"Image"'].join(delimiter)).delimiter).toBe(delimiter);
  });

  it('goes by the number of columns when no header makes sense', () => {
    expect(detectDialect('Artikel;Bild, groß;Preis\n').delimiter).toBe(';');
  });

  it('assumes a comma when there is nothing to go by', () => {
    expect(detectDialect('Product Name')).toMatchObject({ delimiter: ',', newline: '\n' });
  });

  it.each(['\r\n', '\n', '\r'])('tells the line end %j', (newline) => {
    expect(detectDialect(`Name,Image${newline}a,b${newline}`).newline).toBe(newline);
  });

  it.each(['sep=;\r\n', 'SEP=;\n'])('believes the first line %j', (line) => {
    expect(detectDialect(`${line}Name,Image;x\n`).delimiter).toBe(';');
  });
});
