export const helpText = `kith: software that nobody has to run for you

  kith hub [--port 8790] [--host 127.0.0.1] [--storage hub.db]
      Runs a blind hub until Ctrl-C. Asks, at a terminal, if nothing is said.
      Each flag may be a variable (KITH_HUB_PORT) or a field of hub.json.
      --certificate FILE --key FILE   serve wss:// with them
      --acme NAME --acme-terms agreed  serve wss://NAME by a certificate that it
                           gets from Let's Encrypt, and renews, by itself
      --proxy-header NAME  a proxy with TLS is before it: x-forwarded-for
      --url wss://HOST     how clients name it
      --operator-port N    page and /metrics; one above the port, or off
      --site DIR           serves a built app beside it, which then is yours to
                           answer for: who serves an app's code is trusted
      --forward public     carries connections to other hubs, so that those do
                           not see whose they are; or addresses, with commas
      --lease-days 365     a log goes that nobody used for so long
      --storage-max 20G    --config FILE   --operator-host   --operator-token
      --database postgres://…  --nats nats://…
                           one hub of several processes; as variables, for
                           flags are seen by the machine's other users
      --s3-endpoint URL --s3-bucket NAME [--s3-region R] [--s3-prefix kith/]
                           large entries go to S3; the key only by variables or
                           hub.json: KITH_HUB_S3_KEY_ID, KITH_HUB_S3_SECRET

  kith hub doctor          looks for what is wrong with it
  kith hub backup FOLDER   copies it, running or not
  kith hub restore FOLDER  makes it anew from such a copy
  kith hub invite          makes somebody a member, where --access is invited
                           or metered (members and remove NUMBER manage them)
  kith hub take-bucket     makes the S3 bucket this hub's, after a restore or
                           when the bucket was lost
  kith hub new-generation  after a --database was put back to an earlier state

  kith import FILE --path DIR [--hub URL]…
      Makes a space from a file {"Table": [{"column": value}]}, JSON or JSON.gz,
      and prints an invite link when there is a hub.
      --name NAME          your name, for a new DIR
      --space NAME         the space's name; the file's name if not given
      --schema FILE        a module that exports an app(), or a kept schema;
                           else inferred: TableId numbers the rows of Table and,
                           in other tables, names them; the numbers are not kept
      --ref TABLE.COLUMN=TABLE
                           a reference that its name does not tell; repeatable
      --app ID             id of the inferred app, such as org.example.shop

  kith join LINK --path DIR --schema FILE [--hub URL]… [--name NAME]
      Joins a space by an invite link and waits until all of it is here.

  kith query DIR SPACE [TABLE]
      Shows rows of a table, or what tables there are. SPACE is its name or the
      beginning of its id.
      --where 'COLUMN=VALUE'   also != < <= > >= and ~ (contains); repeatable;
                               COLUMN=null is what has no value
      --columns A,B   --sort COLUMN   --descending   --limit 20   --json

  kith status DIR
      Shows whose folder it is, its spaces, and what waits to be sent.

  kith inspect DIR [SPACE]
      Shows spaces, hubs and storage; of a space its members and their grants,
      keys and who can read by them, and what is held back and why. Offline.
      --log                what was written, newest first; --limit 50
      --row ID             why a row can or cannot be seen
      --json

  kith dev COMMAND…
      Starts a hub and then the command, such as vite, which finds the hub's
      address in VITE_HUB and KITH_HUB. What the hub keeps is in .kith.

  kith test [FILE…]
      Runs the app's tests (src/**/*.test.ts) by Node's own runner.

  kith generate table NAME COLUMN:TYPE…
      Adds a table to the app in this folder, with its list and its form. Types:
      text, int, real, bool, time, counter, person, ref:TABLE; :optional behind.

  DIR is the folder of one person on this device; one program at a time has it.`
