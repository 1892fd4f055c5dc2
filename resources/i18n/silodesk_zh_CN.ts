<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
    <context>
        <name>SiloDesk</name>
        <message>
            <source>Approved</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Apr</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Aug</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Browse...</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Browse: {field}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Cancel</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Close</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Connecting</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Dec</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Exception</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Fail</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Failed</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Feb</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Finished</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Idle</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Initializing</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Invited</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Jan</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Jul</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Jun</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Killed</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Loading</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Mar</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>May</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Needs you</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Not bound</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Note</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Nov</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Oct</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Offline</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Online</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Owner</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Pass</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Paused</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Queued</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Refused</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Running</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Sep</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Show {name}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Silent</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Step {k} of {n}: {title}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Stopping</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Training</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Upgrading</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Waiting</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Withdrawn</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>never</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{count} application</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{count} applications</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{count} device</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{count} devices</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{count} file</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{count} files</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{count} job</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{count} jobs</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{count} line</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{count} lines</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{count} project</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{count} projects</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{count} round</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{count} rounds</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{count} run</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{count} runs</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{count} site</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{count} sites</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{day} {month}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{day} {month} {year}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{hours} h {minutes} min</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{n} d</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{n} h</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{n} min</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{n} s</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>Wire</name>
        <message>
            <source>'{bucket}' is no bucket's name.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>'{digest}' is not a content digest.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>'{email}' is not an e-mail address.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>'{entry}' has no {name1} called '{name2}' ({len3} of that kind were found).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>'{key}' is no finite number; it is not drawn.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>'{name}' has type {name1}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>'{name}' is cut</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>'{name}' is no NumPy array</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>'{name}' is serialised as '{stype1}'</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>'{scope}' is not a scope of an approval.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>'{text}' is not the address of a hub.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>'{topic}' carries no edge id.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>'{topic}' is not a topic on which devices speak.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A Flower app has a pyproject.toml; there is none in this folder.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A batch of {len} records is over the limit of {records1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A blob is not named by a sha256.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A blob of {length} bytes is over the limit.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A blob of {size} bytes is over the hub's limit.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A device can have one part in a run only.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A device or network disk may hold it; restart the machine.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A device sent a message of an unknown shape: {first}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A download broke off after {have} of {size1} bytes.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A frame's header is not JSON.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A frame's header names no kind.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A frame's header of {len} bytes is over the limit.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A group's owner cannot leave it.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A group's owner keeps that role.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A hub runs already in {parent}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A key or signature is not base64.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A local client did not show the agent's token.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A message cannot be read: {error}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A message does not start as SiloDesk's messages do.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A message of {len} bytes is over the broker's {limit1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A message's body is over the limit.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A message's header is longer than the message or the limit.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A newer start of this run is known.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A number in what was to be sent is not finite.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A parameter is no finite number, text, list or table.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A password has 8 to 1000 characters.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A quorum of {quorum} cannot be met by {len1} silos.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A request is longer than the limit.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A request is not JSON.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A request names no method.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A request {kind} cannot be read.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A request's params are not an object.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A round message's tensors are neither all inside nor all outside.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A round message's tensors have other sizes than it says.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A run needs at least one client device.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A signature does not match what it signs.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A tensor inside a message has another sha256 than it says.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A {kind} frame of the job was dropped: {type1}: {error2}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A {kind} frame of {length1} bytes is too long.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A {kind} of {size1} bytes (round {round2}) could not be uploaded: {error3} {dropped4} message(s) that needed it were dropped.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Add one of {join} to it, or leave the number out.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Agent and client may be of different versions; restart the agent.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>All rounds are done.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Allow it more space, or let it write less.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Allow it more.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Allow jobs more memory at that site (setting job_memory), close other programs there, or make batches or the model smaller.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Allowed by {decided} ({get1}).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>An account needs a name of at most 200 characters.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>An agent runs already for {parent}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>An application is one Flower package, or one client and one server package; this is {join}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>An empty prefix would delete the whole store.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Another agent has been making this runtime for {bound} min.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Another agent is making this runtime; waiting for it</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Another agent took over job {job}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Another process holds {path} for more than {limit1} s.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Another script sent an array that cannot be read: {error}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Approval {approval} is {state1} already.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask a group's owner or the hub's administrator for an invitation link.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask for a new one.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask its builder for it again; nothing of it was used.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask its operator to share it with the group.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask the builder for a smaller file.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask the builder for it again; nothing of it was used.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask the group's owner to add you.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask the group's owner to do it or to change your role.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask the hub for a new address; check this machine's clock if it happens again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask the sender to sign and send it again; nothing of it was used.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask {invited} for a new one; if it was you who used it, sign in instead.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Bad user name or password</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Base runtime</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Bind it again, then add it.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Bind it from the device itself.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Bind it: `silodesk login --hub URL EMAIL`, or `silodesk join LINK`.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Bind the device again, if its owner agrees.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Bind the device again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Bind the device again; its credentials were revoked or renewed.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Bind the device first.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Build it with `-t {other}`, or name the file of the {role1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Build it with `-t {role}`, or choose another package for this role.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Build it with `silodesk build`, or check the path.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Build one with `silodesk build`.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Build the missing package and choose both.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Build the package again with the right entry point.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Build the package again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Call the one that shall run `app`.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Calls that silos will see marked</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Cannot allocate memory</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Change .gitignore or -ig, or name another entry point.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check both; after some failures the hub makes you wait.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check its permissions, or leave it out with -ig.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check its permissions.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check that it is a source file.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check that the database runs and that its address and password are right.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check that the disk has space left.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check that the folder exists and may be written.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check that the hub runs and that this machine may reach it.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check that the hub's broker account is its administrator.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check that the hub's home folder belongs to you and is writable.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check that this Python works, then try again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check the access key, the secret key and the bucket's rights.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check the address and the network.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check the address, or let the hub's administrator renew its certificate.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check the address; the list is in /openapi.json.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check the disk's free space and the folder's permissions.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check the folder's permissions and the space left on its disk.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check the folder's permissions.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check the hub's address; a proxy may have answered instead.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check the hub's address; another program or a proxy may be there.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check the network and send it again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check the network or proxy, or name a wheelhouse in pip's configuration.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check the number, or ask the group's owner to add you.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check the number.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check the path and its permissions.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check the permissions of its folder and the free space.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check this machine's clock and start the run again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Check whether the address should begin with http:// or https://.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Choose a file that its list shows.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Choose a longer one; a few words are fine.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Choose a number from 1 to {len}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Choose another device for the server job, or leave it out as a client.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Choose client, server or Flower app.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Choose one of the group's applications, or create it there.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Choose one of the listed projects.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Choose one of {join}, or leave it out.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Choose one of {join}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Choose the devices that should train.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Client already exists</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Client not found</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Clone it to run it again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Code in the package must not write to the descriptor of standard output directly.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Config cannot be read</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Config is readable</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Config names no rounds</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Copy it from `silodesk package inspect FILE`.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Correct it and build again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Correct it and send it again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Correct it and try again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Correct it, then preview again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Correct that line and build again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Correct that line, or delete it to get the default.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Correct the address.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Correct the name in pyproject.toml or in {shown}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Correct the name or version in the package, or have it offered to pip at that site.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Correct the name, or check that the file is not ignored.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Correct the parameters.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Could not fetch URL</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Create the run again with devices of the group.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Do not use it; ask its sender what it is. Nothing of it was written.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Drop the upload.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>End it, then try again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>End some of the programs that listen there.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>End the --s3 address with the bucket, of at least three letters.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>End the program that listens there, or choose another with --port.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Enter the name under which others should see you.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Entry file found</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>FedML's broker access</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Fetch it again; if it stays so, ask its builder for it. Nothing was used.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Fetch or build it again; nothing of it was written.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Fetches the package.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Free at least {least} MB, or give the hub another --home.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Free some disk space; work goes on by itself then.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Free some space (a runtime takes about 1.2 GB), then try again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Free some space or check the folder's permissions.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Free some space where {folder} lies.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Free some space, or check that the folder belongs to you.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Free some space, or move the cache with SILODESK_CACHE.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Free some space, or name another destination folder: -df FOLDER.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Free some space, then start the run again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Free some space, then try again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Free some space.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Free some space; the download then goes on where it stopped.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Free space on the hub's disk; devices keep their lines until then.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Free space on the hub's disk; nothing that was answered is lost.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Free space, or check that the folder belongs to you.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Give an e-mail address, a name and a password, or sign in first.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Give exactly the fields that this method takes.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Give it with the call.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Give {kind}, such as {before1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Global evaluation</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Global {name} is NaN or infinite; it is not drawn.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Initial global evaluation results: %s</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Install SiloDesk's requirements again, or name another by {outside}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Install SiloDesk's requirements again; a program is missing.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Install it (Debian, Ubuntu: apt-get install python3 python3-venv), then start the run again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Install it (Debian, Ubuntu: apt-get install python3-venv).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>It comes from the future; the clocks differ.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>It did not answer a subscription.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>It did not answer in time.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>It goes on from there by itself.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>It has expired.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>It is asked again by itself.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>It is for another device.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>It is no message of a Flower app: {error}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>It is no message of a job: {error}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>It is not needed.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>It is not text, or very long.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>It is tried again by itself.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>It is tried again by itself; if it stays so, look at the hub's log.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>It is tried again by itself; look at the store if it stays so.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>It is tried again by itself; look at the store's log if it stays so.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>It may have been deleted; upload it again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>It may still do it; look again, or restart the agent.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>It means: {means}. Give a value of that kind.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Its certificate cannot be trusted: {message}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Its log is {log}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Its name is not known.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Job {job} cannot be started: {died1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Job {job} did not end although it was killed.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Job {job} has ended or does not answer.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Job {job} has too much waiting to be read.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Job {job} still runs.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Jobs of the former hub still run on this machine.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Jobs of the hub {bound} still run on this machine.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Jobs still run on this machine.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Joining needs an account on that hub.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Keep to {limit} values and {limit1} levels of numbers and texts.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Large package</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Leave --host out; other machines reach it through an SSH tunnel for now.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Leave data and environments out of the source folder.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Leave data and results out: -ig PATTERN, or a .gitignore.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Leave it out to read from the start.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Let your own SiloDesk send the key.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Load the plugin in mosquitto.conf, and give the hub its administrator.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>LocalJob: a job of this machine changed</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Look at its log if this happens again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Look at its page.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Look at that agent's log; it may wait for the network.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Look at the agent's log for the whole output of pip.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Look at the machine's load, then start the run again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Look at the preview first.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Look the device up in the list of devices.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Loosen a version in the package's requirements.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Make another group and own that one.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Make the runtime again with `silodesk runtime make`.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Model of round {round} stored.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Move data out of it.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name 1 or more.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name a file by its path below the source folder: -ep FILE.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name a file in a folder that you may write: --credentials FILE.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name a folder that exists; jobs see it read-only.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name a folder.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name a new folder, or empty this one.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name another folder with --home, or let its owner give you the right to it.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name another folder with --home.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name another folder, or check its permissions.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name another folder.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name another one in the settings, then start the run again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name the Python file to start, below the source folder: -ep FILE.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name the folder that `flwr new` made, or build with `-t client` and `-t server`.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name the folder that holds fedml_config.yaml: -cf FOLDER.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name the folder that holds the code.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name the folder that holds the code: -sf FOLDER.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name what is missing in the package's requirements, or correct its entry.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>New accounts on this hub need an invitation.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>No Python 3.11 or newer with venv was found; jobs need one of their own.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>No agent runs for {root}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>No call to look at</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>No config</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>No entry file is named for {source}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>No free port between {first} and {last1} was found on this machine.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>No message came within {seconds} s.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>No pickle, no eval</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>No port was found for the hub.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>No secrets found</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Nobody is signed in on this machine.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Nobody may use this endpoint yet.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Not authorized</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Not connected yet.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Nothing listens there.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Nothing of it was used. Tell the hub's administrator.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Nothing of it was used. Upload the file again, or tell the administrator.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Only the run's owner can start it; sign in as its owner.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Only the server's script stores models; this one stays here.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Only {done} of {quorum1} needed silos finished their script.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Only {free} MB are free where the hub keeps its objects ({folder1}).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Only {len} of {len1} silos are left and a round needs {quorum2}. {causes3}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Pass it on, or ask for an invitation to a group.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Paste the whole link as you received it.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Paste the whole link; it begins with silodesk://join?</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Port allocation failed</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Port {port} cannot be used for the hub: {error1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Put its backup back, or remove it; a new key is then made and has to be accepted by the others.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Put its backup back, or rename it; new keys are then made.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Put large values into the package's configuration.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Put that file into the source folder, or remove the line.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Put them into {key} and {key1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Remove the other members instead.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Rename it, or leave it out with -ig.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Rename it; SiloDesk then starts with default settings.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Requirements listed</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Requirements of the package</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Restart the hub; if it happens again, see {log}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Restore it from a backup, or start a hub with a fresh home.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Restore it from a backup; without it every device has to be bound again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Role already exists</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Role not found</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Round {round} closed: {answered1} of {asked2} answered{late3}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Round {round} had {len1} of {needed2} needed silos{when3} ({name4}): {reasons5}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Round {round}: the update of {label1} {fault2}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Run `chmod 600 {path}`, and make new keys if anyone else had access to this machine.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Run `silodesk doctor`: it says which sandbox this machine allows.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Run `silodesk doctor`; it checks sandbox and runtime.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Runs what it reads</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Save it as UTF-8 and build again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>See `silodesk approval list --standing`.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>See `silodesk approval list`.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>See `silodesk settings show` for their names.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>See `silodesk status`.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>See the agent's log; if it happens again, report it.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>See {log}; it may still come up.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Send an invitation instead.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Send it as JSON.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Send it as an object, with a notice.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Send less at once.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Send smaller batches.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Send smaller updates.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Shorten it in pyproject.toml or requirements.txt.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Sign in again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Sign in again: `silodesk login --hub URL EMAIL`.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Sign in as {email}, or ask for an invitation of your own.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Sign in on this machine again, which registers its key.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Sign in with it instead.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Sign in.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Sign in: `silodesk login --hub URL EMAIL`, or `silodesk join LINK`.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>SiloDesk hub</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Small enough to send</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Start it again (`silodesk agent`); jobs went on meanwhile.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Start it again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Start it with `silodesk hub`, or name one with --s3.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Start it: `silodesk agent`.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Start orders sent to {len} devices.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Start the hub again; it then picks free ports.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Start the hub, or check the address.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Start the newer version, or name another home with --home.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Start the run again from its application; nothing of it was used.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Start the run again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Start the run again; nothing was sent to any device.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Start the upload again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Stop it first.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Stop orders sent.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Stop them first (`silodesk status` shows them), or wait for their end.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Stop them first, or wait until they end.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Stopped by the hub.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Stopped by {name}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Stopped by {operator}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Stopped by {order}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The address of a download was expired; it was renewed.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The agent did not answer {method} within {bound1} s.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The agent ended while it was asked.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The agent ended while starting. {last}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The agent failed inside {method} ({kind1}).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The agent failed on this job ({kind}).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The agent has no method '{method}'.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The agent of {root} cannot be started: {strerror1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The agent reported an error without words.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The agent was not ready after {bound} s.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The agent's database cannot be written: {error}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The agent's database was damaged ({error}) and was set aside as {name1}; a new one was begun. Approvals and unsent figures in it are not used any more.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The agent's database was written by a newer SiloDesk.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The agent's database {path} cannot be opened: {error1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The batch's sequence is out of range.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The body is not gzip.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The broker at {host}:{port1} does not answer. {detail2}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The broker did not take the change of a device's credentials.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The broker does not know this device's credentials.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The broker does not let this device listen on a topic it asked for.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The broker is there, but the hub does not answer.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The broker refused '{get}': {error1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The broker refused the connection: {reason}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The broker's dynamic-security plugin does not answer.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The bytes that arrived are not those that were announced (their sha256 differs)</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The certificate of {host} cannot be trusted: {message1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The channel ended inside a frame.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The config folder {folder} does not exist.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The connection failed.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The connection to the broker broke ({reason}).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The credentials file {path} can be read by other accounts.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The credentials file {path} cannot be used: {strerror1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The credentials file {path} is damaged.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The data folder {data} does not exist on this machine.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The data folder {data} of this silo does not exist.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The database's address cannot be read.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The device {name} at {silo1} was revoked.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The device {name} at {silo1}, which runs the server job, has not answered for {minutes2} minutes.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The device's credential has expired.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The device's signature does not prove that it holds its key.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The disk that holds {jobs} has {words1} left; a job needs {words2}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The disk that holds {parent} has {free1} GB left; a job runtime needs {needed2} GB.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The disk that holds {parent} is full; the agent cannot start on it.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The e-mail address or the password is wrong.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The entry file '{name}' is no Python file.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The entry file {entry} is left out of the package: {reason1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The entry file {entry} is not in the source folder {source1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The environment {folder} cannot be made</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The environment {folder} cannot be made with {python1}: {error2}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The field '{field}' cannot be used: {message1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The field '{name}' of {method1} cannot be used: {words2} is needed.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The file is no package: it has no conf/fedml.yaml.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The file {path} cannot be packed: {found1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The file {path} changed while it was packed.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The folder is not a Flower app: it has no pyproject.toml with [tool.flwr.app].</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The folder {dest} cannot be used: {strerror1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The folder {dest} is not empty.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The folder {folder} cannot be read: {strerror1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The folder {root} cannot be used: {why1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The folder {root} of job {job1} cannot be made: {strerror2}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The gzip body is cut short.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub answered something else than JSON ({code}).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub at {host} is not ready (HTTP {status1}).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub cannot write log lines to {folder}: {strerror1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub cannot write {path}: {strerror1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub does not know this device (any more).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub does not know this session.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub does not know this upload (any more).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub does not listen on {host}: until it speaks TLS, passwords and updates would cross the network in the clear.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub does not read bodies in '{encoding}'.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub ended while starting: {words}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub gave the plan of another run than {run}; it was not signed.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub has no package {sha}… of yours.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub has nothing at this address.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub keeps its data in SQLite or PostgreSQL, not in '{drivername}'.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub met an error that it does not know.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub sent a message of an unknown shape: {first}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub was not ready after {bound} s.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub's database cannot be opened for writing: {text}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub's database cannot write: {text}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub's database does not answer: {text}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub's database is damaged: {text}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub's database refused a command: {type}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub's database was made by another version of SiloDesk: {error}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub's folder {hub} cannot be made: {strerror1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub's message broker does not answer. {detail} It is tried again by itself; if it stays so, check that the hub runs and that the network is up.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub's secret in {path} cannot be read.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The hub's services are not started yet.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job crashed in native code ({name}).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job ended with exit code {code}{words1}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job ended without doing what it was started for.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job failed without a reason.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job finished.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job lost its channel to the keeper{words}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job ran out of memory; its largest process used {peak}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job ran out of memory{where}. {memory1}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job runs in a sandbox (bubblewrap): no network, your files and other jobs hidden, dataset and package read-only.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job runs in a weaker sandbox ({name}): it can reach {reached1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job runtime {target} cannot be written: {strerror1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job runtime's Python {python} cannot be started: {strerror1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job used up the processor time it was allowed.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job was ended: it wrote more than the {limit} of scratch space it may use.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job was ended: it wrote something to its channel that is no frame ({detail})</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job was ended: the disk of its keeper is full ({detail}).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job was killed from outside (SIGKILL): by a person, or by the system.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job was stopped{why}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job was stopped{why}. It did not end in time and was killed.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job was told to end by a signal.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job {job} is not in the journal.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job's keeper ended without a record, and the job with it: it was killed, or the machine was restarted{because}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The job's keeper is gone, and the job with it.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The keeper of job {job} did not start within {bound1} s.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The keeper of job {job} does not answer.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The keeper of this job went away.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The keeper's folder of job {job} cannot be made: {strerror1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The keyring of this machine cannot be used: {cause}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The lines before the error are in the run's log.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The lock file {path} cannot be written: {strerror1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The machine or session ends.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The message broker</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The metric {key} is {value1}{where2}; it cannot be drawn.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The object has {size} bytes in the store instead of {size1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The object store</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The object store at {host} is not ready (HTTP {status1}).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The object store at {host} refused the address (HTTP {status1}); it may be expired.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The object store at {url} does not answer.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The object store at {url} is not ready ({code1}).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The object store at {url} refuses the hub ({code1}).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The object store does not have what was asked for.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The object store has no {object}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The operator of {silo} refused it: {reason1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The other side reported an error without words.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package cannot be described: {loc}: {msg1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package cannot be imported: {error}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package cannot be imported{words}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package cannot be trusted: {cause}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package cannot be written to {target}: {strerror1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package changed while it was read.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package ended itself with exit code {code}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package ended itself: {code}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package has format {version}; this SiloDesk reads up to {version1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package has no entry file '{entry}'.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package has no file {path}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package has {size} MB; the hub takes {limit1} MB.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package imports '{top}', which this job's runtime does not have.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package is not the one that the run's owner signed for.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package {name} has nothing for the role {role1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package {name} needs the engine '{engine1}', which this SiloDesk does not run yet.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package {path} cannot be read: {error1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package's code raised an exception{words}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package's conf/fedml.yaml cannot be read.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package's config has no key for the number of rounds.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package's config is too large or too deep, or holds something else than values.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package's entry {entry} is not in it.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The package's signature does not match its manifest.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The parameter {key} is {kind1} in the package, and {value2} is not.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The parameters are larger than 64 kB, or hold a value out of range.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The parts of an upload do not fit together.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The plan is signed with a key that is not registered for your account.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The plan is too old, or the two clocks differ by minutes.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The program {name} is missing, which the hub's own services need.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The request cannot be read.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The request cannot be used: {message}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The request's body did not arrive in time.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The request's body is over the limit of {limit} bytes.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The requirement {name} cannot be installed: {why1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The requirement {text} cannot be installed: {why1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The requirements contradict each other: {reason}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The run changed after its plan was made.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The run could not begin within {hours} hours. {detail1}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The run ended before this device took its order.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The run ended: {detail}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The run has finished.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The run is {state}; nothing can be added to it.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The run was stopped.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The run's parameters are all that it gets.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The sandbox cannot be made: {removeprefix}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The server job at {site} ended as {value1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The session has ended.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The session has expired.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The setting {name} cannot be {str1}: {split2}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The settings cannot be written to {path}: {strerror1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The settings file {path} cannot be read: {error1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The settings file {path} has a value that cannot be used: {loc1}: {msg2}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The sign-in has ended.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The signature does not match the plan.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The source folder {folder} does not exist.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The start order is incomplete: {error}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The start order was refused: {sentence}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The store could not continue a download; it starts again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The store has less of a file than was fetched before.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The store sent more than the {size} bytes that were announced.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The telemetry batch has another shape: {where}: {msg1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The tensor {name} cannot be handed over: {strerror1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The tensor {name} is no regular file; it is not followed.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The upload has {stat} bytes instead of {size1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The uploaded bytes do not have the announced sha256.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The whole log is {log}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The {name} in {place1} is damaged.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The {role} device {name1} left the group after the run was created.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There are no other jobs: this script does not run inside SiloDesk.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is already an account for {email}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is no application {application} in the project's group.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is no approval {approval} on this machine.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is no device {edge}, or it is not shared with you.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is no engine called {engine}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is no job {job} on this machine.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is no other job of rank {value} in this run.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is no package file {file}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is no preview of these values.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is no project {project}, or it is not shared with you.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is no sandbox on this machine: this job can reach the network and your files; what leaves that way is not counted.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is no setting called {min}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is no standing approval for this content.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is no such account.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is no such group, or it is not shared with you.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is no such invitation.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is no such {thing}, or it is not shared with you.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is nothing to stop.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is nothing with such a number.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There were too many failed tries to sign in.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This account does not exist any more.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This address does not take this method.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This cursor does not come from the hub.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This device was revoked.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This hub runs without an object store.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This invitation is for a new account on this hub, and you have one.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This invitation is for another e-mail address.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This invitation {get}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This invitation {why}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This is for accounts only.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This is for devices only.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This is no safetensors file: {error}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This is not an Ed25519 public key.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This is not an invitation link.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This job's runtime has no Flower that SiloDesk can use: {error}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This looks like a secret</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This machine is not bound to a hub.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This needs a credential.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This needs a signed-in account.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This run has not been started.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This run was already started; it is {state}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This run was started in the meantime.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This worker has no engine '{engine}'.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Traceback (most recent call last)</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Try again in a moment; if it stays so, check the hub and the network.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Try again; if it happens again, send the hub's log to its operator.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Unlock or install a secret service, or name a file that only you can read: --credentials FILE.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Update SiloDesk on this machine, or name another --home.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Update SiloDesk.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Upload it again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Upload it first.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Upload the file again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Use Flower's ServerApp and ClientApp, or a plain script.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Use a finite number; JSON knows neither NaN nor Infinity.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Use it (`silodesk status`), or name another --home.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Use postgresql://USER:PASSWORD@HOST/NAME, or leave it out for SQLite.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Use that one, stop it first, or give this one another --home.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Use the same account and --home as the agent.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Use {scheme}://; without TLS only services of this machine may be named.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Wait until nothing writes into the folder, then build again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Wait {max} minutes, then try again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Waiting for a message.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Waiting for approval at {names}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Waiting for the server's next message.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Waiting for the silos to finish.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Waiting for {names}{more1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Waits for {join}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Waits until the operator of {silo} allows it.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>What answers at the agent's socket is no agent.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>What answers at {host} does not speak as a SiloDesk hub does (HTTP {status1}).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>What came from the keeper is not a frame.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>What came over the channel is not a frame.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Windows reserves that name</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Write -t client, -t server or -t flower.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Write it as NAME==VERSION; folders and files cannot be installed.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Write it as name@example.org.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Write it as scheme://user:password@host:port; escape special signs by %.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Write it as sections of `key: value` lines.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Write it like http://127.0.0.1:8765, as the hub prints it.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Write mqtts://ADMIN@host and put the password into {password}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Write the requirements into one file.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Write {key} = "module:app" under [tool.flwr.app.components].</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>You should specify the type argument value as client or server, or flower; not '{type}'.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Your role does not allow this for the {thing}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>a chat token</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>a cloud access key</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>a code host's token</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>a file that the manifest lists is missing</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>a link out of the folder</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>a link to a folder</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>a link to nothing</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>a model host's token</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>a part of it ends in a dot or blank, which Windows drops</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>a part of it is longer than {limit} bytes</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>a password in an address</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>a private key</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>a signed token</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>a standing approval</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>a tensor's file became shorter while it was sent</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>a tool's cache</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>a value of type {type} cannot travel between jobs</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>a whole number</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>address already in use</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>agent events</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>all Python files read</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>an API key</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>an array holds Python objects</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>an array's name or type is no text</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>an array's shape is no number</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>an earlier build</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>an offset in it leads nowhere</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>arrays of {sum} bytes were announced, and {len1} came</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>calls FedML</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>cannot be read</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>changing the package</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>claims to be device {edge}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>compiled Python</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>connection broken by</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>device and group</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>empty folder</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>fedml_config.yaml found</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>fedml_config.yaml holds no keys.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>fedml_config.yaml is not YAML{where}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>for this run</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>global metric of run {run}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>has '{name}' of shape {list1}, not {expected2}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>has NaN or infinite values in '{name}'</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>has an unreadable array '{name}'</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>has expired</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>has more than {limit} files</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>hub line</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>id, state: an approval was asked, decided or withdrawn</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>ignored by fab-exclude</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>ignored by the pattern {pattern}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>ignored by {base}/.gitignore</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>is larger than 2 GiB</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it cannot be read</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it cannot be written to</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it changed while it was unpacked</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it closed the connection</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it did not answer in time</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it did not answer within {limit} s</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it differs from {before} only in case</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it has a backslash</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it has a character that not every system allows</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it has an empty part</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it has more than {limit} entries</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it has no service that keeps secrets encrypted</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it is a file and a folder</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it is absolute</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it is cut</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it is empty</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it is longer than {limit} bytes</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it is not a name with versions</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it is not a zip file, or it is cut</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it is not the content that was asked for</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it is there twice</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it leads out of the package with '..'</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it names a drive</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it names an address instead of a version</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it said nothing</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it said nothing.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it unpacks to more than 2 GiB</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it unpacks to more than it says</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>it unpacks to over {limit} times its size</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>its entry {entry} is not in it</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>its files do not lie in one folder</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>its inline part has {len} bytes</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>its job ended as {state}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>its list of entries is over the limit</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>its manifest does not match its content digest</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>its manifest is gone</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>its manifest is wrong at {where}: {msg1}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>its manifest lists a file twice</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>its name has two readings</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>its name is not known</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>its name is not valid Unicode</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>its signature file has another shape</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>its {what} is larger than {limit1} MiB</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>its {what} is not JSON</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>its {what} is not spelled as SiloDesk spells it</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>job ended</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>job started</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>local services by abstract sockets</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>local services such as D-Bus and the keyring</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>looks like a secret</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>message refused</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>model name</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>model of round {round}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>named in pyproject.toml</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>no file type of Flower apps; fab-include adds it</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>no plain file</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>no reason given</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>no reason was given</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>no wheel of it is offered for this machine</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>nobody has this password</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>not a Python file; it is started as a script</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>not connected</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>not enough memory</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>not named in fab-include</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>not ready</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>not signed</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>nothing besides the job runtime</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>nothing listens there</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>order sent</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>out of memory</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>packages fetched</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>packages verified</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>port is already in use</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>pyproject.toml cannot be read: {error}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>pyproject.toml names no {key}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>pyproject.toml names {reference} as {key1}, and there is no {shown2}.py.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>reads files</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>replaced by the config folder</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>run {run} epoch {epoch1}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>runs as a script</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>runs text</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>runtime ready</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>signed at build</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>silodesk_devices{presence="{name}"} {count1}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>silodesk_inbox_waiting {waiting}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>silodesk_runs{state="{state}"} {count1}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>status of run {run}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>task, text, done, total: a long step (upload, runtime, fetch) went on</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>the AgentStatus changed; carries it whole (at most once a second)</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>the agent closed the connection</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>the connection failed</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>the file {path}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>the folder changed since the preview</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>the keeper's folder was removed</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>the network</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>the operator</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>the system's keyring</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>the versions offered are {join}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>there is no fedml_config.yaml in it</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>they need different versions</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>true or false</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>unshare; bubblewrap is not available</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>version history</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>virtual environment</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>warm worker</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>was already used</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>was declined</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>was revoked</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>what, id, change: something at the hub changed (messages.Changed)</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>yes or no</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>your files</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{above} cannot be written.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{dest} is a file.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{disk} cannot be read: {strerror1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{dropped} log lines were dropped: the job writes more than is kept.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{error}; they are fetched again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{host} cannot be reached: {cause1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{host} does not speak TLS as expected.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{job} cannot name a job.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{job} has no order</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{key} of run {run1}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{label} does not answer any more: {reason1}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{label} gave no answer within {seconds1} s</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{len} files, {len1} left out</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{len} keys, {rounds1} rounds</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{len} keys; the number of rounds cannot be set when a run is created.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{len} patterns tried on all files</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{method} needs the field {error1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{name} cannot be unpacked into {dest1}: {strerror2}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{name} differs from what its builder wrote.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{name} exists and will be replaced</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{name} has no file {path1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{name} is a folder with content</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{name} is encrypted</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{name} is no intact package: {cause1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{name} is packed in an unusual way</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{name} is refused: {cause1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{option} is no address.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{option} must begin with {join1} and name a host.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{option} would send passwords and updates in the clear to {hostname1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{path} cannot be read: {strerror1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{path} cannot be written: {error1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{path} in {name1} is larger than {limit2} bytes.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{path} is cut</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{root} {fault1}; a package may not (largest file: {largest2}).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{rounds} rounds cannot be run.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{self} cannot be read: {strerror1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{self} is larger than {limit1} bytes, too large to be understood.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{sentence}: the disk is full.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{sentence}: the package index does not answer.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{sentence}: this Python has no venv.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{shown} defines no {name1}, which pyproject.toml names as {key2}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{shown} has a {other1}, and no {role2}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{shown} includes {group1}, which is not in the package.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{shown} is included more than {limit1} levels deep.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{shown} is larger than {limit1} bytes, too large to be understood.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{shown} is not Python that can be read: {error1}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{shown} is not Python: {msg1} in line {lineno2}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{shown} is not UTF-8 text.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{shown} line {line1}: {what2}{more3}; every silo could read it</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{shown} line {number1}: option {line2} is not used</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{silo}: {key1} is {value2} in round {round3}; training has diverged there.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{size} go to every silo; data belongs to the silos</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{stream} of run {run1}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{stream}: a value out of range</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{title} cannot be started: {strerror1} ({command2}).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{title} cannot start: one of its ports is taken by another program.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{title} cannot start: the disk is full.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{title} does not answer {bound1} s after its start.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{title} ended by itself (exit code {code1}).</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{title} ended while starting: {last1}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{untold} log lines were dropped: the hub was away and the disk budget was used up.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{what} cannot be installed</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{what}: {join1}. This is done once; about 1.2 GB on disk (5 GB where pip offers the build for graphics processors)</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{where}: '{bare1}' is not a requirement.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{where}: hashes are not used</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{where}: {name1} comes with the job runtime</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{wrong} is not what the manifest lists</source>
            <translation type="unfinished" />
        </message>
    </context>
</TS>
