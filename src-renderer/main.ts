import '@fontsource-variable/inter/wght.css'
import './styles/tokens.css'
import './styles/base.css'
import { mount } from 'svelte'
import { carriedEngine } from './engine.ts'
import App from './parts/App.svelte'
import { Application } from './state/application.svelte.ts'

const target = document.querySelector('#app')
if (!target) throw new Error('index.html holds no #app')
mount(App, { target, props: { app: new Application(await carriedEngine()) } })
