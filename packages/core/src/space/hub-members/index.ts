export { createHubMembers } from './hub-members.ts'
export { createWallet, type Wallet } from './wallet.ts'
