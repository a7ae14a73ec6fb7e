import { giveEarlyKeys } from './early-keys.ts' // first: it listens from here on
import '@fontsource-variable/inter/wght.css'
import './styles/tokens.css'
import './styles/base.css'
import { flushSync, mount } from 'svelte'
import { carriedEngine } from './engine.ts'
import App from './parts/App.svelte'
import { Application } from './state/application.svelte.ts'

const target = document.querySelector('#app')
if (!target) throw new Error('index.html holds no #app')
mount(App, { target, props: { app: new Application(await carriedEngine()) } })
flushSync() // listeners are attached before anything is painted
giveEarlyKeys()
