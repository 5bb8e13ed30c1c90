import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { scratch } from '../test-support/scratch.ts';
import { debianPackages, withoutHosts } from './debian-packages.ts';

test('only Debian is taken for Debian', async (t) => {
  const file = join(scratch(t), 'os-release');
  await writeFile(file, 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n');
  assert.equal(debianPackages(file), undefined);
  assert.equal(debianPackages(join(file, 'absent')), undefined);
  await writeFile(file, 'NAME="Debian"\nID=debian\nVERSION_CODENAME=bookworm\n');
  assert.notEqual(debianPackages(file), undefined);
});

test("apt's complaints are shown without the archive's address, its host or its port", () => {
  const complaints = [
    'E: Failed to fetch https://user:secret@mirror.example.org/debian/dists/sid/InRelease  503',
    "Err:1 http://mirror.example.org/debian sid InRelease: Temporary failure resolving 'mirror.example.org'",
    'E: Unable to connect to mirror.example.org:3142:',
    'E: Could not connect to cache:3142, could not resolve cache',
    'W: Could not connect to 10.20.30.40:80',
  ];
  for (const complaint of complaints) {
    const shown = withoutHosts(complaint);
    assert.doesNotMatch(shown, /example|secret|3142|10\.20|cache/);
    assert.match(shown, /<archive>|<host>/);
  }
});
