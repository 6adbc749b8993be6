// A yardstick: how long Node itself takes to begin.
process.stdout.write('ready\n')
setInterval(() => {}, 60_000)
