import type { ProblemDto } from '../../src/errors/problem.dto.js';

const ALWAYS = ['type', 'title', 'status', 'detail', 'code', 'error', 'trace_id'];

/** The problem in an answer, after a look at everything that holds for all of them (contract §6). */
export async function expectProblem(
  answer: Response | Promise<Response>,
  status: number,
  code: ProblemDto['code'],
): Promise<ProblemDto> {
  const response = await answer;
  const text = await response.text();
  expect({ status: response.status, text }).toMatchObject({ status, text: expect.stringContaining(code) });
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  const problem = JSON.parse(text) as ProblemDto;
  const several = problem.errors ? ['errors', 'error_count'] : [];
  expect(Object.keys(problem).toSorted()).toEqual([...ALWAYS, ...several].toSorted());
  expect(problem).toMatchObject({
    type: expect.stringMatching(new RegExp(`^http://[^/]+/problems/${code}$`)),
    status,
    code,
    error: problem.title,
    trace_id: response.headers.get('x-request-id'),
  });
  // Neither a stack nor a path, a module or a statement of ours.
  expect(text).not.toMatch(/node_modules|\.[jt]s:\d|node:internal|INSERT INTO|Error:/);
  return problem;
}
