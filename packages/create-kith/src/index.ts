export { createApp, CreateError, type CreateAppOptions } from './create-app.ts'
export { findPackages, type KithPackages } from './packages.ts'
