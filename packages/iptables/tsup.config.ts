import { writeFile } from 'node:fs/promises'

import { defineConfig } from 'tsup'
import { library } from '../../tsup.base.ts'

export default defineConfig({
  ...library,
  entry: {
    index: 'src/index.ts',
    testing: 'src/testing/index.ts',
    command: 'src/command/main.ts',
  },
  onSuccess: async () => {
    const built = new URL('dist/index.js', import.meta.url)
    const { redirectSpecJsonSchema } = await import(built.href)
    const text = `${JSON.stringify(redirectSpecJsonSchema(), null, 2)}\n`
    await writeFile(new URL('dist/redirect-spec.schema.json', import.meta.url), text)
  },
})
