import { defineConfig } from 'tsup'

import { app } from '../../tsup.base.ts'

export default defineConfig({
  ...app,
  // The namespace helper is a process of its own, so a file of its own.
  entry: { main: 'src/main.ts', helper: 'src/netns-helper.ts' },
  // Native addons: they are installed beside the bundle.
  external: [/^koffi/, /^netlink/],
  noExternal: [/^(?!koffi|netlink)/],
})
