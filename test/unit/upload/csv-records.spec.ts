import { MAX_FIELD_LENGTH } from '../../../src/requests/csv-limits.js';
import { MAX_RECORD_LENGTH, RecordSplitter, type CsvRecord } from '../../../src/upload/csv-records.js';

function split(text: string, delimiter = ',', pieceLength = text.length || 1): CsvRecord[] {
  const splitter = new RecordSplitter(delimiter);
  const records: CsvRecord[] = [];
  for (let at = 0; at < text.length; at += pieceLength) {
    records.push(...splitter.push(text.slice(at, at + pieceLength)));
  }
  return [...records, ...splitter.end()];
}

const cellsOf = (records: CsvRecord[]) => records.map(({ cells }) => cells);
const linesOf = (records: CsvRecord[]) => records.map(({ line }) => line);

describe('RecordSplitter', () => {
  it.each([',', ';', '\t', '|'])('parts cells at %j', (delimiter) => {
    const text = ['a', '', '"b"', `"${delimiter}"`].join(delimiter);
    expect(cellsOf(split(text, delimiter))).toEqual([['a', '', 'b', delimiter]]);
  });

  it.each([
    ['LF', 'a,b\nc,d\n'],
    ['CRLF', 'a,b\r\nc,d\r\n'],
    ['CR', 'a,b\rc,d\r'],
    ['all of them', 'a,b\rc,d\r\n'],
    ['none at the end', 'a,b\nc,d'],
    ['quoted last cells', 'a,"b"\r\n"c","d"\r\n'],
  ])('ends records at %s', (_, text) => {
    const records = split(text);
    expect(cellsOf(records)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(linesOf(records)).toEqual([1, 2]);
  });

  it('tells which line end comes first, outside quotes', () => {
    const splitter = new RecordSplitter(',');
    splitter.push('"a\nb",c\r\nd\n');
    expect(splitter.newline).toBe('\r\n');
  });

  it('leaves the text of quoted cells as it is, with its line ends', () => {
    expect(cellsOf(split('"a\r\nb\rc\nd","say ""hi"", ok",""""'))).toEqual([
      ['a\r\nb\rc\nd', 'say "hi", ok', '"'],
    ]);
  });

  it('takes quotes within a bare cell as text', () => {
    expect(cellsOf(split('12" screen,a "b" c'))).toEqual([['12" screen', 'a "b" c']]);
  });

  it('drops spaces around quotes and keeps all others', () => {
    expect(cellsOf(split('1, "a, b" , c \n'))).toEqual([['1', 'a, b', ' c ']]);
  });

  it('counts the lines inside quoted cells and the blank ones', () => {
    expect(linesOf(split('a\n"b\n\r\nb"\r\n\n \t\r\rc'))).toEqual([1, 2, 8]);
  });

  it('leaves out records without any text', () => {
    expect(cellsOf(split('\n\na,b\n,\n"", \n\nc,d\n,,,\n'))).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('keeps an empty last cell', () => {
    expect(cellsOf(split('a,\nb,'))).toEqual([
      ['a', ''],
      ['b', ''],
    ]);
  });

  it.each([1, 2, 3, 5])('does not depend on where the text is cut (pieces of %i)', (pieceLength) => {
    const text = 'a,"b""",  "c" \r\n"d\r\ne",f\r\r\n\ng,"h"\n i,""\r"j",k"';
    expect(split(text, ',', pieceLength)).toEqual(split(text));
  });

  it.each([
    ['never closed', '"b,c\nd,e\n'],
    ['closed in a later row', '"b\nc,"d"\n'],
    ['followed by text', '"b" c,d\n'],
    ['not doubled inside', '"12" screen",c\n'],
    ['closed by its double at the end', '"b""'],
  ])('tells a quote that is %s, with the line of its record, and stops', (_, rest) => {
    const [header, broken, ...others] = split(`x,y\n1,${rest}9,9\n`);
    expect(header?.fault).toBeUndefined();
    expect(broken).toMatchObject({ line: 2, fault: { code: 'quote_not_closed', cell: 1 } });
    expect(others).toEqual([]);
  });

  it('takes a cell of the greatest length', () => {
    const cell = 'x'.repeat(MAX_FIELD_LENGTH);
    expect(cellsOf(split(`a,${cell}\n"${cell}",b`))).toEqual([
      ['a', cell],
      [cell, 'b'],
    ]);
  });

  it.each([
    ['bare', 'x'.repeat(MAX_FIELD_LENGTH + 1)],
    ['quoted', `"${'x'.repeat(MAX_FIELD_LENGTH + 1)}"`],
    ['of many doubled quotes', `"${'""'.repeat(MAX_FIELD_LENGTH + 1)}"`],
  ])('tells a longer cell (%s) and goes on with the next record', (_, cell) => {
    const [long, next] = split(`a,${cell}\nb,c`);
    expect(long).toMatchObject({ line: 1, fault: { code: 'field_too_long', cell: 1 } });
    expect(next).toMatchObject({ line: 2, cells: ['b', 'c'], fault: undefined });
  });

  it.each([
    ['long cells', `${'x'.repeat(MAX_FIELD_LENGTH)},`.repeat(35)],
    ['empty cells', ','.repeat(MAX_RECORD_LENGTH + 1)],
  ])('tells a record too long for its %s, without keeping it', (_, text) => {
    const [long, next] = split(`${text}\nb,c`);
    expect(long).toMatchObject({ line: 1, fault: { code: 'field_too_long' } });
    expect(long!.cells.join().length).toBeLessThanOrEqual(MAX_RECORD_LENGTH);
    expect(next).toMatchObject({ line: 2, cells: ['b', 'c'] });
  });
});
