import { MAX_FIELD_LENGTH } from '../requests/csv-limits.js';

/** Room for 250 URLs of 4,096 characters and as much again, in characters. */
export const MAX_ROW_LENGTH = 2_097_152;

/** Bounds the memory that one row can take. An errors CSV adds two cells to a row, and delimiters when it was short. */
export const MAX_RECORD_LENGTH = MAX_ROW_LENGTH + 2 * MAX_FIELD_LENGTH + 2048;

/** One record of a CSV. */
export interface CsvRecord {
  /** The physical line on which it starts, from 1. */
  line: number;
  cells: string[];
  /** Characters in it. */
  size: number;
  /** Why the cells cannot be used: which rule was broken, in which cell (from 0), and the beginning of that cell. */
  fault?: { code: 'quote_not_closed' | 'field_too_long'; cell: number; value: string };
}

const QUOTE = 0x22;
const SPACE = 0x20;
const LF = 0x0a;
const CR = 0x0d;

/** `quote`: right behind a quote within quotes, which ends the cell or, doubled, belongs to it. */
type State = 'start' | 'bare' | 'quoted' | 'quote' | 'closed';

/**
 * Splits CSV text (RFC 4180) into records. Not papaparse, because here every line end counts (LF, CRLF and CR, also
 * mixed), every record knows its line, and a quote that is never closed takes linear time and bounded memory.
 *
 * Spaces around quotes are dropped, as people write `1, SKU, "url, url"`. Records without any text are left out.
 * After a faulty quote nothing more is read: where the cells begin and end is not known from there on.
 */
export class RecordSplitter {
  /** The first line end met outside quotes; undefined until then. */
  newline: '\n' | '\r\n' | '\r' | undefined;

  private readonly delimiter: number;
  private records: CsvRecord[] = [];
  private state: State = 'start';
  private cell = '';
  private cells: string[] = [];
  private size = 0;
  private fault: CsvRecord['fault'];
  private line = 1;
  private recordLine = 1;
  private afterCarriageReturn = false;
  private stopped = false;

  constructor(delimiter: string) {
    this.delimiter = delimiter.charCodeAt(0);
  }

  /** Takes the next piece of the text, cut anywhere, and gives the records that it completes. */
  push(text: string): CsvRecord[] {
    let at = 0;
    while (at < text.length && !this.stopped) at = this.read(text, at);
    if (text !== '') this.afterCarriageReturn = text.charCodeAt(text.length - 1) === CR;
    return this.take();
  }

  /** The text is complete: gives the last record, if it did not end with a line end. */
  end(): CsvRecord[] {
    if (this.state === 'quoted') this.stop();
    if (!this.stopped) {
      this.endCell();
      this.endRecord();
    }
    return this.take();
  }

  private read(text: string, at: number): number {
    const code = text.charCodeAt(at);
    switch (this.state) {
      case 'start':
        if (code === QUOTE) {
          this.cell = '';
          this.state = 'quoted';
          return at + 1;
        }
        if (code === SPACE) {
          this.keep(text, at, at + 1);
          return at + 1;
        }
        this.state = 'bare';
        return at;
      case 'bare':
        return this.readBare(text, at);
      case 'quoted':
        return this.readQuoted(text, at);
      case 'quote':
        if (code !== QUOTE) {
          this.state = 'closed';
          return at;
        }
        this.keep(text, at, at + 1);
        this.state = 'quoted';
        return at + 1;
      case 'closed':
        if (code === SPACE) return at + 1;
        if (this.endsCell(code)) return this.readEnd(text, at);
        this.stop();
        return at;
    }
  }

  private readBare(text: string, from: number): number {
    let at = from;
    while (at < text.length && !this.endsCell(text.charCodeAt(at))) at++;
    this.keep(text, from, at);
    return at < text.length ? this.readEnd(text, at) : at;
  }

  private readQuoted(text: string, from: number): number {
    const quote = text.indexOf('"', from);
    const to = quote === -1 ? text.length : quote;
    for (let at = from; at < to; at++) if (this.startsLine(text, at)) this.line++;
    this.keep(text, from, to);
    if (quote === -1) return to;
    this.state = 'quote';
    return to + 1;
  }

  private readEnd(text: string, at: number): number {
    this.endCell();
    const code = text.charCodeAt(at);
    if (code === this.delimiter) {
      this.size++;
      return at + 1;
    }
    if (this.startsLine(text, at)) this.line++;
    this.endRecord();
    const pair = code === CR && text.charCodeAt(at + 1) === LF;
    this.newline ??= pair ? '\r\n' : code === CR ? '\r' : '\n';
    // When the pair is cut between two pieces, the LF makes one more record, which is empty and left out.
    return pair ? at + 2 : at + 1;
  }

  private endsCell(code: number): boolean {
    return code === this.delimiter || code === LF || code === CR;
  }

  /** Every CR and every LF, except the LF of a CRLF. */
  private startsLine(text: string, at: number): boolean {
    const code = text.charCodeAt(at);
    if (code !== LF) return code === CR;
    return !(at > 0 ? text.charCodeAt(at - 1) === CR : this.afterCarriageReturn);
  }

  private keep(text: string, from: number, to: number): void {
    this.size += to - from;
    if (this.cell.length + to - from <= MAX_FIELD_LENGTH && this.size <= MAX_RECORD_LENGTH) {
      this.cell += text.slice(from, to);
    } else {
      this.fault ??= {
        code: 'field_too_long',
        cell: this.cells.length,
        value: this.cell + text.slice(from, to),
      };
      this.cell = '';
    }
  }

  private endCell(): void {
    if (this.size <= MAX_RECORD_LENGTH) this.cells.push(this.cell);
    this.cell = '';
    this.state = 'start';
  }

  private endRecord(): void {
    const { recordLine: line, cells, size, fault } = this;
    if (fault || cells.some((cell) => cell.trim() !== '')) this.records.push({ line, cells, size, fault });
    this.cells = [];
    this.size = 0;
    this.fault = undefined;
    this.recordLine = this.line;
  }

  private stop(): void {
    this.stopped = true;
    const cell = this.cells.length;
    const value = this.fault?.cell === cell ? this.fault.value : this.cell;
    this.fault = { code: 'quote_not_closed', cell, value };
    this.endRecord();
  }

  private take(): CsvRecord[] {
    const { records } = this;
    this.records = [];
    return records;
  }
}
