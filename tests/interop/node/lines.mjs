// One JSON object a line: {"id", "do", ...} in, {"id", "ok", "value" | "error"} out. A command may ask back with
// {"ask": n, "for", ...} and waits for {"answer": n, "value"}. Everything else that is printed goes to stderr.
import { createInterface } from 'node:readline'

const print = console.error
for (const name of ['log', 'info', 'debug', 'warn']) console[name] = print

const open = new Map()
let asked = 0

const plain = (_name, value) => (value instanceof Map ? Object.fromEntries(value) : value)
const write = (value) => process.stdout.write(`${JSON.stringify(value, plain)}\n`)

export function ask(subject, details) {
  asked += 1
  write({ ask: asked, for: subject, ...details })
  return new Promise((resolve) => open.set(asked, resolve))
}

// `perform` takes what a line asks for, by the name of the command.
export function serve(perform) {
  const input = createInterface({ input: process.stdin })
  input.on('line', async (line) => {
    const { id, do: name, answer, value, ...options } = JSON.parse(line)
    if (answer !== undefined) return open.get(answer)(value)
    try {
      write({ id, ok: true, value: (await perform(name, options)) ?? null })
    } catch (error) {
      console.error(error)
      write({ id, ok: false, error: describe(error) })
    }
  })
  input.on('close', () => process.exit(0))
}

// What went wrong first: Credo puts the whole of each credential around it.
function describe(error) {
  const message = error?.message ?? String(error)
  const causes = [...message.matchAll(/"message":"((?:[^"\\]|\\.)*)"/g)].map(([, cause]) => cause)
  const parts = [...new Set(causes), message]
  if (error?.response?.status) parts.push(`HTTP ${error.response.status}`)
  if (error?.errorResponse) parts.push(JSON.stringify(error.errorResponse))
  if (error?.cause) parts.push(describe(error.cause))
  return parts.join(': ').slice(0, 2000)
}
