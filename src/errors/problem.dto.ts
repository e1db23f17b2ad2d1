import { ApiProperty } from '@nestjs/swagger';
import { PROBLEMS, type ProblemCode } from './problem-catalogue.js';

/** One fault among several, in a parameter or in the CSV. */
export class FaultDto {
  /** @example "url_invalid" */
  code: string;

  /** @example "This is not a URL." */
  message: string;

  /** The name of the parameter that is wrong. */
  @ApiProperty({ example: 'quality' })
  parameter?: string;

  /** In a CSV: the physical line on which the record starts, from 1. */
  @ApiProperty({ type: 'integer', nullable: true, example: 3 })
  line?: number | null;

  /** In a CSV: the header's text. */
  @ApiProperty({ type: String, nullable: true, example: 'Input Image Urls' })
  column?: string | null;

  /** In a CSV: the text in question, at most 200 characters of it. */
  @ApiProperty({ type: String, nullable: true, example: 'shop.example/a.jpg' })
  value?: string | null;
}

/** What the API answers when it cannot do what was asked (RFC 9457). */
export class ProblemDto {
  /**
   * A page that explains the problem.
   * @example "http://127.0.0.1:3000/problems/not_found"
   */
  type: string;

  /** @example "Not found" */
  title: string;

  /**
   * The HTTP status once more.
   * @example 404
   */
  @ApiProperty({ type: 'integer' })
  status: number;

  /**
   * What is wrong, where, and how to mend it.
   * @example "There is no request with this id."
   */
  detail: string;

  /** What programs tell problems apart by. */
  @ApiProperty({ enum: Object.keys(PROBLEMS), example: 'not_found' })
  code: ProblemCode;

  /**
   * `title` once more, for clients that look here.
   * @example "Not found"
   */
  error: string;

  /** The single faults, when there are several: at most 100. */
  @ApiProperty({ type: [FaultDto] })
  errors?: FaultDto[];

  /** How many faults there are, when `errors` tells them. */
  @ApiProperty({ type: 'integer' })
  error_count?: number;

  /**
   * The answer's `X-Request-Id`; the log has it too.
   * @example "0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90"
   */
  trace_id: string;
}
