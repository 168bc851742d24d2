// node --import tsx scripts/release-contract.ts: from now on clients count on the contract as it stands. For releases.
import { copyFile } from 'node:fs/promises';
import { CONTRACT_FILE, RELEASED_FILE } from './checks/contract/released.js';

await copyFile(CONTRACT_FILE, RELEASED_FILE);
console.log('openapi/released.yaml is openapi/openapi.yaml now; commit it with the release');
