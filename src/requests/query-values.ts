import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { isISO8601, ValidateBy } from 'class-validator';

/** Stands for a text that could not be read: unlike undefined, it is not taken for a parameter that was left out. */
const UNREADABLE = Symbol('unreadable');

/**
 * A query parameter that is read by `parse`, which gives undefined for a text it does not know; a parameter given
 * twice is none either. `expected` ends the sentence `"name" must be …`.
 */
export function QueryValue(expected: string, parse: (text: string) => unknown): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? (parse(value) ?? UNREADABLE) : UNREADABLE,
    ),
    ValidateBy({
      name: 'query_value',
      validator: {
        validate: (value) => value !== UNREADABLE,
        defaultMessage: (fault) => `"${fault?.property}" must be ${expected}`,
      },
    }),
  );
}

export const BooleanValue = (): PropertyDecorator =>
  QueryValue('true or false', (text) => (text === 'true' ? true : text === 'false' ? false : undefined));

export const IntegerValue = (min: number, max: number): PropertyDecorator =>
  QueryValue(`a whole number from ${min} to ${max}`, (text) => parseInteger(text, min, max));

/** PostgreSQL takes no NUL in a text, not even to compare it. */
export const TextValue = (maxLength: number): PropertyDecorator =>
  QueryValue(`a text of at most ${maxLength} characters`, (text) =>
    text.length <= maxLength && !text.includes('\0') ? text : undefined,
  );

export const OneOfValue = (words: readonly string[]): PropertyDecorator =>
  QueryValue(`one of ${words.join(', ')}`, (text) => words.find((word) => word === text));

/** Becomes a Date. A day alone is its midnight in UTC; a time needs its offset, or it would be this machine's. */
export const TimeValue = (): PropertyDecorator =>
  QueryValue(
    'a day (2026-11-20) or a time with its offset (2026-11-20T09:30:00Z; a + in an address is written %2B)',
    (text) => (TIME.test(text) && isISO8601(text, { strict: true }) ? new Date(text) : undefined),
  );

const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** The number of a text of digits; undefined when it is none, or out of range. */
export function parseInteger(text: string, min: number, max: number): number | undefined {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  return number >= min && number <= max ? number : undefined;
}
