import type { ValidationError } from 'class-validator';
import { Problem, type Fault } from './problem.js';

/** The 422 for values that class-validator refused; it names every one of them. */
export function validationProblem(errors: ValidationError[]): Problem {
  const faults = errors.flatMap((error) => faultsOf(error, ''));
  return new Problem('validation_failed', faults.map(({ message }) => message).join(' '), {
    errors: faults,
    errorCount: faults.length,
  });
}

function faultsOf(error: ValidationError, path: string): Fault[] {
  const name = path + error.property;
  const own = Object.entries(error.constraints ?? {}).map(([constraint, message]): Fault => {
    if (constraint === 'whitelistValidation') {
      return { code: 'unknown_parameter', parameter: name, message: `There is no parameter "${name}".` };
    }
    return { code: 'invalid_value', parameter: name, message: `${sentence(message, error.property)}.` };
  });
  return [...own, ...(error.children ?? []).flatMap((child) => faultsOf(child, `${name}.`))];
}

/** class-validator begins with the bare name of the property. */
function sentence(message: string, property: string): string {
  const named = message.startsWith(`${property} `)
    ? `"${property}"${message.slice(property.length)}`
    : message;
  return named.slice(0, 1).toUpperCase() + named.slice(1).replace(/\.$/, '');
}
