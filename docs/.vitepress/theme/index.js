// The default theme without its web font: the system's letters are there at once, and nothing is fetched.
import DefaultTheme from 'vitepress/theme-without-fonts'
import './style.css'

export default DefaultTheme
