import { columnKey } from './column-key.js';

/** The columns of a CSV that we write: each is an input column, by its index, or one of ours, by its name. */
export type ColumnLayout<Own extends string> = (number | Own)[];

/**
 * The input's columns, then ours. An input column that has the name of one of ours is replaced where it stands. Of several,
 * the last: were that one dropped, an empty name could come to stand at the end, where no reader takes it for a column.
 */
export function columnLayout<Own extends string>(names: string[], own: readonly Own[]): ColumnLayout<Own> {
  const ownOf = new Map(own.map((name) => [columnKey(name), name]));
  const columns = names.map((name, index) => ownOf.get(columnKey(name)) ?? index);
  const kept = columns.filter((column, index) => columns.lastIndexOf(column) === index);
  return [...kept, ...own.filter((name) => !kept.includes(name))];
}

/** The cells of a record: the input's, none of which need be there, with ours at their places. */
export function layOut<Own extends string>(
  layout: ColumnLayout<Own>,
  cells: string[],
  own: Record<Own, string>,
): string[] {
  return layout.map((column) => (typeof column === 'number' ? (cells[column] ?? '') : own[column]));
}
