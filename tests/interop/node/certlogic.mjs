// The CertLogic of its authors: a line [expression, data] in, a line {valid, value} or {valid, error} out.
import { createInterface } from 'node:readline'
import certlogic from 'certlogic-js'
import validation from 'certlogic-js/dist/validation/index.js'

Date.prototype.toJSON = function () {
  return { date: this.toISOString() }
}

function answer(expression, data) {
  const valid = validation.validateFormat(expression).length === 0
  try {
    return { valid, value: certlogic.evaluate(expression, data) }
  } catch (error) {
    return { valid, error: error.message }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const [expression, data] = JSON.parse(line)
  process.stdout.write(`${JSON.stringify(answer(expression, data))}\n`)
}
