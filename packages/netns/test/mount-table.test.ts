import { describe, expect, it } from 'vitest'

import { isSelfBind, parseMountTable } from '../src/mount-table.ts'

const TABLE = `27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 27 0:25 / /run rw,nosuid shared:5 master:2 - tmpfs tmpfs rw
42 30 0:25 /pins /run/pins rw shared:9 - tmpfs tmpfs rw
43 42 0:4 net:[4026532177] /run/pins/a rw shared:9 - nsfs nsfs rw
44 27 254:0 /var/x /other rw - ext4 /dev/vda rw
45 27 254:0 /a\\040b /a\\040b rw - ext4 /dev/vda rw

garbage
`

const table = parseMountTable(TABLE)
const entry = (mountPoint: string): (typeof table)[number] =>
  table.find((mount) => mount.mountPoint === mountPoint)!

describe('the mount table', () => {
  it('tells which mounts are shared', () => {
    expect(table).toHaveLength(6)
    expect(entry('/').shared).toBe(false)
    expect(entry('/run').shared).toBe(true)
    expect(entry('/run/pins/a')).toMatchObject({ id: 43, parentId: 42, root: 'net:[4026532177]' })
  })

  it('reads names with spaces', () => {
    expect(entry('/a b')).toMatchObject({ root: '/a b', device: '254:0' })
  })

  it('knows a folder that is bound onto itself from every other mount', () => {
    const self = { mount: entry('/run/pins'), parent: entry('/run') }
    expect(isSelfBind('/run/pins', self)).toBe(true)
    expect(isSelfBind('/a b', { mount: entry('/a b'), parent: entry('/') })).toBe(true)
    expect(isSelfBind('/run/pins/deeper', self)).toBe(false)
    expect(isSelfBind('/run', { mount: entry('/run'), parent: entry('/') })).toBe(false)
    expect(isSelfBind('/other', { mount: entry('/other'), parent: entry('/') })).toBe(false)
    expect(isSelfBind('/', { mount: entry('/'), parent: undefined })).toBe(false)
  })
})
