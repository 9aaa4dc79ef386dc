// The same contract as bench/lines.py: says what it can run, then runs it as often as it is told.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

// The packages are installed for the tests; this folder has none of its own.
export const load = createRequire(new URL('../../../tests/interop/node/package.json', import.meta.url))

const print = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)

export async function serve(subjects) {
  // The compiler of the engine sees each subject often enough before it is timed.
  for (const subject of Object.values(subjects)) for (let i = 0; i < 300; i += 1) await subject()
  print(Object.keys(subjects))
  for await (const line of createInterface({ input: process.stdin })) {
    const { run, times } = JSON.parse(line)
    if (run === undefined) {
      print({ peak_mb: process.resourceUsage().maxRSS / 1024 })
      continue
    }
    const begun = performance.now()
    for (let i = 0; i < times; i += 1) await subjects[run]()
    print({ seconds: (performance.now() - begun) / 1000 })
  }
}
