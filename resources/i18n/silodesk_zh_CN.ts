<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
    <context>
        <name>SiloDesk</name>
        <message>
            <source> Without the tick at “Sign it with my key” it is built unsigned.</source>
            <translation> 若不勾选“用我的密钥签名”，构建结果将不带签名。</translation>
        </message>
        <message>
            <source># It cannot be read: {strerror}.</source>
            <translation># 无法读取：{strerror}。</translation>
        </message>
        <message>
            <source>*.csv, notebooks</source>
            <translation>*.csv, notebooks</translation>
        </message>
        <message>
            <source>.gitignore, keys, environments and caches stay out anyway.</source>
            <translation>.gitignore、密钥、环境和缓存总是会被排除。</translation>
        </message>
        <message>
            <source>0 is no budget. Once it is used up, jobs pause until midnight.</source>
            <translation>0 表示无预算。用完后，作业会暂停到午夜。</translation>
        </message>
        <message>
            <source>0 is no limit; holds for jobs that start from now on.</source>
            <translation>0 表示无上限；适用于此后启动的作业。</translation>
        </message>
        <message>
            <source>1 day</source>
            <translation>1 天</translation>
        </message>
        <message>
            <source>1 device</source>
            <translation>1 台设备</translation>
        </message>
        <message>
            <source>1 file changed since your last approval.</source>
            <translation>自您上次批准以来有 1 个文件变更。</translation>
        </message>
        <message>
            <source>1 item</source>
            <translation>1 项</translation>
        </message>
        <message>
            <source>20 min</source>
            <translation>20 分钟</translation>
        </message>
        <message>
            <source>30 days</source>
            <translation>30 天</translation>
        </message>
        <message>
            <source>5 min</source>
            <translation>5 分钟</translation>
        </message>
        <message>
            <source>7 days</source>
            <translation>7 天</translation>
        </message>
        <message>
            <source>90 days</source>
            <translation>90 天</translation>
        </message>
        <message>
            <source>A click on an invitation in a mail or a browser then leads here.</source>
            <translation>之后，在邮件或浏览器中点击邀请即可转到这里。</translation>
        </message>
        <message>
            <source>A device is bound at the device itself: its key never leaves it.</source>
            <translation>设备须在设备本机上绑定：其密钥从不离开设备。</translation>
        </message>
        <message>
            <source>A group</source>
            <translation>一个群组</translation>
        </message>
        <message>
            <source>A group gathers the sites that train together. Make one, or open the invitation link that you were sent.</source>
            <translation>群组汇集一起训练的站点。请新建一个，或打开您收到的邀请链接。</translation>
        </message>
        <message>
            <source>A hub and three hospitals on this computer, with sample data. Nothing leaves the machine.</source>
            <translation>本计算机上的一个中枢和三家医院，使用示例数据。没有任何内容离开本机。</translation>
        </message>
        <message>
            <source>A hub on this computer can be reached from this computer only, for now.</source>
            <translation>目前，本计算机上的中枢只能从本计算机访问。</translation>
        </message>
        <message>
            <source>A job appears when a run of your group reaches this silo.</source>
            <translation>当您群组的运行到达本站点时，作业会出现在这里。</translation>
        </message>
        <message>
            <source>A machine of yours: start SiloDesk there, sign in at {hub} with your account and bind it; then add it to a group.</source>
            <translation>您自己的机器：在那里启动 SiloDesk，用您的账户登录 {hub} 并绑定；然后将它加入群组。</translation>
        </message>
        <message>
            <source>A minimised window still tells when a run needs your decision. Without it, decisions wait until you open SiloDesk again.</source>
            <translation>最小化的窗口仍会在运行需要您决定时提醒您。否则，决定会等到您再次打开 SiloDesk。</translation>
        </message>
        <message>
            <source>A project gathers the runs of one question. Members of its group see it at once.</source>
            <translation>项目汇集同一问题的各个运行。群组成员可立即看到。</translation>
        </message>
        <message>
            <source>A round ends when all {count} answer, or after {span} with at least {needed}; with fewer, the run fails.</source>
            <translation>全部 {count} 个应答后一轮结束，或在 {span} 后至少有 {needed} 个应答；若更少，运行失败。</translation>
        </message>
        <message>
            <source>A round ends when all {count} answer; if one is missing after {span}, the run fails.</source>
            <translation>全部 {count} 个应答后一轮结束；若 {span} 后仍有缺失，运行失败。</translation>
        </message>
        <message>
            <source>A round ends when the one device answers; if it is missing after {span}, the run fails.</source>
            <translation>这一台设备应答后一轮结束；若 {span} 后仍缺失，运行失败。</translation>
        </message>
        <message>
            <source>A run may set parameters, never the code.</source>
            <translation>运行可以设置参数，但绝不能更改代码。</translation>
        </message>
        <message>
            <source>A run trains an application on the devices you choose. It appears here at once.</source>
            <translation>运行会在您选择的设备上训练一个应用。它会立即显示在这里。</translation>
        </message>
        <message>
            <source>A {type} needs its {other} package beside it.</source>
            <translation>{type}程序包需要配套的{other}程序包。</translation>
        </message>
        <message>
            <source>Accept</source>
            <translation>接受</translation>
        </message>
        <message>
            <source>Accepted</source>
            <translation>已接受</translation>
        </message>
        <message>
            <source>Account</source>
            <translation>账户</translation>
        </message>
        <message>
            <source>Accounts of this hub</source>
            <translation>此中枢的账户</translation>
        </message>
        <message>
            <source>Accuracy</source>
            <translation>准确率</translation>
        </message>
        <message>
            <source>Actions</source>
            <translation>操作</translation>
        </message>
        <message>
            <source>Actions of the row</source>
            <translation>该行的操作</translation>
        </message>
        <message>
            <source>Add</source>
            <translation>添加</translation>
        </message>
        <message>
            <source>Add a dataset</source>
            <translation>添加数据集</translation>
        </message>
        <message>
            <source>Add a device</source>
            <translation>添加设备</translation>
        </message>
        <message>
            <source>Add a device of yours</source>
            <translation>添加您的设备</translation>
        </message>
        <message>
            <source>Add and read it</source>
            <translation>添加并读取</translation>
        </message>
        <message>
            <source>Add dataset...</source>
            <translation>添加数据集…</translation>
        </message>
        <message>
            <source>Add device</source>
            <translation>添加设备</translation>
        </message>
        <message>
            <source>Add parameter</source>
            <translation>添加参数</translation>
        </message>
        <message>
            <source>Add runs…</source>
            <translation>添加运行…</translation>
        </message>
        <message>
            <source>Add this machine</source>
            <translation>添加本机</translation>
        </message>
        <message>
            <source>Add this machine to the group</source>
            <translation>将本机加入群组</translation>
        </message>
        <message>
            <source>Add to an application</source>
            <translation>添加到应用</translation>
        </message>
        <message>
            <source>Added</source>
            <translation>添加时间</translation>
        </message>
        <message>
            <source>Added by</source>
            <translation>添加者</translation>
        </message>
        <message>
            <source>Administrator</source>
            <translation>管理员</translation>
        </message>
        <message>
            <source>Administrators see every account and may disable them.</source>
            <translation>管理员可查看并停用所有账户。</translation>
        </message>
        <message>
            <source>Advanced</source>
            <translation>高级</translation>
        </message>
        <message>
            <source>Against the version approved on {date}</source>
            <translation>与 {date} 批准的版本相比</translation>
        </message>
        <message>
            <source>Age</source>
            <translation>时效</translation>
        </message>
        <message>
            <source>Agent</source>
            <translation>代理</translation>
        </message>
        <message>
            <source>Agent's log</source>
            <translation>代理的日志</translation>
        </message>
        <message>
            <source>Aggregator · {silo}</source>
            <translation>聚合方 · {silo}</translation>
        </message>
        <message>
            <source>All</source>
            <translation>全部</translation>
        </message>
        <message>
            <source>All files</source>
            <translation>所有文件</translation>
        </message>
        <message>
            <source>All jobs here are paused</source>
            <translation>这里的所有作业均已暂停</translation>
        </message>
        <message>
            <source>All lines</source>
            <translation>所有行</translation>
        </message>
        <message>
            <source>All projects</source>
            <translation>所有项目</translation>
        </message>
        <message>
            <source>All runs</source>
            <translation>所有运行</translation>
        </message>
        <message>
            <source>All your devices are in this group already.</source>
            <translation>您的所有设备都已在此群组中。</translation>
        </message>
        <message>
            <source>All {count} declared columns are there</source>
            <translation>声明的 {count} 列齐全</translation>
        </message>
        <message>
            <source>Allowed hours of the week</source>
            <translation>每周允许的时段</translation>
        </message>
        <message>
            <source>Always</source>
            <translation>始终</translation>
        </message>
        <message>
            <source>Always allowed</source>
            <translation>始终允许</translation>
        </message>
        <message>
            <source>Another example</source>
            <translation>另一个示例</translation>
        </message>
        <message>
            <source>Another site: send it an invitation link. Its operator opens the link in SiloDesk; the device joins the group by itself.</source>
            <translation>其他站点：向其发送邀请链接。其操作员在 SiloDesk 中打开链接，设备便会自动加入群组。</translation>
        </message>
        <message>
            <source>Appearance</source>
            <translation>外观</translation>
        </message>
        <message>
            <source>Application</source>
            <translation>应用</translation>
        </message>
        <message>
            <source>Applications</source>
            <translation>应用</translation>
        </message>
        <message>
            <source>Approval needed: {name}</source>
            <translation>需要审批：{name}</translation>
        </message>
        <message>
            <source>Approvals</source>
            <translation>审批</translation>
        </message>
        <message>
            <source>Approvals could not be read</source>
            <translation>审批无法读取</translation>
        </message>
        <message>
            <source>Approve</source>
            <translation>批准</translation>
        </message>
        <message>
            <source>Approve a package with “Exactly this code” and its next runs start by themselves.</source>
            <translation>以“仅此代码”批准程序包后，其后续运行会自动启动。</translation>
        </message>
        <message>
            <source>Approve with {data}, network open</source>
            <translation>批准（使用 {data}，开放网络）</translation>
        </message>
        <message>
            <source>Approve with {data}, network stays blocked</source>
            <translation>批准（使用 {data}，网络保持阻断）</translation>
        </message>
        <message>
            <source>Approve without data, network open</source>
            <translation>批准（不含数据，开放网络）</translation>
        </message>
        <message>
            <source>Approve without data, network stays blocked</source>
            <translation>批准（不含数据，网络保持阻断）</translation>
        </message>
        <message>
            <source>Approve {name} for this machine?</source>
            <translation>批准 {name} 在本机运行？</translation>
        </message>
        <message>
            <source>Approved</source>
            <translation>已批准</translation>
        </message>
        <message>
            <source>Approved beforehand</source>
            <translation>事先批准</translation>
        </message>
        <message>
            <source>Approved by</source>
            <translation>批准者</translation>
        </message>
        <message>
            <source>Approved for run {run}.</source>
            <translation>已批准运行 {run}。</translation>
        </message>
        <message>
            <source>Apr</source>
            <translation>4月</translation>
        </message>
        <message>
            <source>Archive</source>
            <translation>归档</translation>
        </message>
        <message>
            <source>Archived</source>
            <translation>已归档</translation>
        </message>
        <message>
            <source>Ask me</source>
            <translation>询问我</translation>
        </message>
        <message>
            <source>Asked again: {why}</source>
            <translation>再次询问：{why}</translation>
        </message>
        <message>
            <source>Asked by</source>
            <translation>请求者</translation>
        </message>
        <message>
            <source>Asked {age} ago for run {run}. Nothing runs until you decide.</source>
            <translation>{age}前为运行 {run} 请求。在您决定之前不运行任何内容。</translation>
        </message>
        <message>
            <source>Asking the hub…</source>
            <translation>正在询问中枢…</translation>
        </message>
        <message>
            <source>At most 10 s</source>
            <translation>最多 10 秒</translation>
        </message>
        <message>
            <source>At the end of this round; nothing is lost</source>
            <translation>在本轮结束时；不会丢失任何内容</translation>
        </message>
        <message>
            <source>Auc</source>
            <translation>AUC</translation>
        </message>
        <message>
            <source>Aug</source>
            <translation>8月</translation>
        </message>
        <message>
            <source>Away (-)</source>
            <translation>缩小 (-)</translation>
        </message>
        <message>
            <source>Back</source>
            <translation>返回</translation>
        </message>
        <message>
            <source>Back to Home</source>
            <translation>返回主页</translation>
        </message>
        <message>
            <source>Back to the first page</source>
            <translation>返回首页</translation>
        </message>
        <message>
            <source>Back up now...</source>
            <translation>立即备份…</translation>
        </message>
        <message>
            <source>Back up the hub</source>
            <translation>备份中枢</translation>
        </message>
        <message>
            <source>Backing up</source>
            <translation>正在备份</translation>
        </message>
        <message>
            <source>Backup</source>
            <translation>备份</translation>
        </message>
        <message>
            <source>Being read</source>
            <translation>正在读取</translation>
        </message>
        <message>
            <source>Best of each run</source>
            <translation>每个运行的最佳模型</translation>
        </message>
        <message>
            <source>Best result</source>
            <translation>最佳结果</translation>
        </message>
        <message>
            <source>Best {metric}</source>
            <translation>最佳 {metric}</translation>
        </message>
        <message>
            <source>Bind</source>
            <translation>绑定</translation>
        </message>
        <message>
            <source>Bind this machine</source>
            <translation>绑定本机</translation>
        </message>
        <message>
            <source>Bind this machine…</source>
            <translation>绑定本机…</translation>
        </message>
        <message>
            <source>Bold line and big numbers: this machine. Sites report only while a run is live.</source>
            <translation>粗线和大号数字：本机。站点仅在运行进行期间上报。</translation>
        </message>
        <message>
            <source>Both parts in one</source>
            <translation>两部分合一</translation>
        </message>
        <message>
            <source>Breast cancer consortium</source>
            <translation>乳腺癌研究联盟</translation>
        </message>
        <message>
            <source>Broker</source>
            <translation>消息代理</translation>
        </message>
        <message>
            <source>Broker, store and database come with it</source>
            <translation>自带消息代理、存储和数据库</translation>
        </message>
        <message>
            <source>Browse...</source>
            <translation>浏览…</translation>
        </message>
        <message>
            <source>Browse: {field}</source>
            <translation>浏览：{field}</translation>
        </message>
        <message>
            <source>Build</source>
            <translation>构建</translation>
        </message>
        <message>
            <source>Build a package</source>
            <translation>构建程序包</translation>
        </message>
        <message>
            <source>Build a package from a source folder, then upload it here for your group.</source>
            <translation>请从源文件夹构建程序包，然后在这里上传给您的群组。</translation>
        </message>
        <message>
            <source>Build another</source>
            <translation>再构建一个</translation>
        </message>
        <message>
            <source>Build it first, or choose another file.</source>
            <translation>请先构建，或选择其他文件。</translation>
        </message>
        <message>
            <source>Build log</source>
            <translation>构建日志</translation>
        </message>
        <message>
            <source>Build package</source>
            <translation>构建程序包</translation>
        </message>
        <message>
            <source>Build the {other} package</source>
            <translation>构建{other}程序包</translation>
        </message>
        <message>
            <source>Builder</source>
            <translation>构建者</translation>
        </message>
        <message>
            <source>Building …</source>
            <translation>正在构建…</translation>
        </message>
        <message>
            <source>Built in {took:.1f} s.</source>
            <translation>构建用时 {took:.1f} 秒。</translation>
        </message>
        <message>
            <source>Bytes sent</source>
            <translation>已发送字节数</translation>
        </message>
        <message>
            <source>Bytes sent in the last 24 hours, by the hour</source>
            <translation>过去 24 小时发送的字节数（按小时）</translation>
        </message>
        <message>
            <source>CPU</source>
            <translation>CPU</translation>
        </message>
        <message>
            <source>CPU limit</source>
            <translation>CPU 上限</translation>
        </message>
        <message>
            <source>CPU used by others</source>
            <translation>其他程序的 CPU 占用</translation>
        </message>
        <message>
            <source>CSV (*.csv)</source>
            <translation>CSV (*.csv)</translation>
        </message>
        <message>
            <source>CSV file…</source>
            <translation>CSV 文件…</translation>
        </message>
        <message>
            <source>Calls a minute, last 24 minutes</source>
            <translation>每分钟调用数，最近 24 分钟</translation>
        </message>
        <message>
            <source>Calls to look at</source>
            <translation>需留意的调用</translation>
        </message>
        <message>
            <source>Cancel</source>
            <translation>取消</translation>
        </message>
        <message>
            <source>Cancelling …</source>
            <translation>正在取消…</translation>
        </message>
        <message>
            <source>Cannot be read</source>
            <translation>无法读取</translation>
        </message>
        <message>
            <source>Certificate</source>
            <translation>证书</translation>
        </message>
        <message>
            <source>Change budget</source>
            <translation>更改预算</translation>
        </message>
        <message>
            <source>Change the filter to see more.</source>
            <translation>更改筛选条件可查看更多。</translation>
        </message>
        <message>
            <source>Change {name}</source>
            <translation>更改 {name}</translation>
        </message>
        <message>
            <source>Change...</source>
            <translation>更改…</translation>
        </message>
        <message>
            <source>Changed files</source>
            <translation>已变更的文件</translation>
        </message>
        <message>
            <source>Checking</source>
            <translation>正在检查</translation>
        </message>
        <message>
            <source>Checks</source>
            <translation>检查项</translation>
        </message>
        <message>
            <source>Choose a CSV file</source>
            <translation>选择 CSV 文件</translation>
        </message>
        <message>
            <source>Choose a PNG or JPEG file.</source>
            <translation>请选择 PNG 或 JPEG 文件。</translation>
        </message>
        <message>
            <source>Choose a device</source>
            <translation>选择设备</translation>
        </message>
        <message>
            <source>Choose a new password</source>
            <translation>设置新密码</translation>
        </message>
        <message>
            <source>Choose a picture</source>
            <translation>选择图片</translation>
        </message>
        <message>
            <source>Choose all online</source>
            <translation>选择所有在线设备</translation>
        </message>
        <message>
            <source>Choose an application.</source>
            <translation>请选择应用。</translation>
        </message>
        <message>
            <source>Choose another folder, or free some space.</source>
            <translation>请选择其他文件夹，或腾出一些空间。</translation>
        </message>
        <message>
            <source>Choose at least one device that trains.</source>
            <translation>请至少选择一台参与训练的设备。</translation>
        </message>
        <message>
            <source>Choose files…</source>
            <translation>选择文件…</translation>
        </message>
        <message>
            <source>Choose one Flower package, or a client and a server package.</source>
            <translation>请选择一个 Flower 程序包，或一个客户端与一个服务器程序包。</translation>
        </message>
        <message>
            <source>Choose package files</source>
            <translation>选择程序包文件</translation>
        </message>
        <message>
            <source>Choose the device that runs the server job.</source>
            <translation>请选择运行服务器作业的设备。</translation>
        </message>
        <message>
            <source>Choose…</source>
            <translation>选择…</translation>
        </message>
        <message>
            <source>Chosen device</source>
            <translation>所选设备</translation>
        </message>
        <message>
            <source>Class</source>
            <translation>类别</translation>
        </message>
        <message>
            <source>Classes</source>
            <translation>类别</translation>
        </message>
        <message>
            <source>Clean up the hub?</source>
            <translation>清理中枢？</translation>
        </message>
        <message>
            <source>Clean up...</source>
            <translation>清理…</translation>
        </message>
        <message>
            <source>Click: {action}</source>
            <translation>单击：{action}</translation>
        </message>
        <message>
            <source>Client</source>
            <translation>客户端</translation>
        </message>
        <message>
            <source>Close</source>
            <translation>关闭</translation>
        </message>
        <message>
            <source>Close the window</source>
            <translation>关闭窗口</translation>
        </message>
        <message>
            <source>Close without deciding</source>
            <translation>关闭且不作决定</translation>
        </message>
        <message>
            <source>Closer (+)</source>
            <translation>放大 (+)</translation>
        </message>
        <message>
            <source>Closing the window</source>
            <translation>关闭窗口时</translation>
        </message>
        <message>
            <source>Code</source>
            <translation>代码</translation>
        </message>
        <message>
            <source>Code fingerprint</source>
            <translation>代码指纹</translation>
        </message>
        <message>
            <source>Code not signed by anyone</source>
            <translation>代码未经任何人签名</translation>
        </message>
        <message>
            <source>Code signed with key {key}</source>
            <translation>代码由密钥 {key} 签名</translation>
        </message>
        <message>
            <source>Code {code}.</source>
            <translation>代码：{code}。</translation>
        </message>
        <message>
            <source>Collaborators</source>
            <translation>协作者</translation>
        </message>
        <message>
            <source>Column</source>
            <translation>列</translation>
        </message>
        <message>
            <source>Columns</source>
            <translation>列</translation>
        </message>
        <message>
            <source>Combines the updates</source>
            <translation>合并更新</translation>
        </message>
        <message>
            <source>Commands and search results</source>
            <translation>命令和搜索结果</translation>
        </message>
        <message>
            <source>Compare</source>
            <translation>比较</translation>
        </message>
        <message>
            <source>Compare runs</source>
            <translation>比较运行</translation>
        </message>
        <message>
            <source>Compare with others…</source>
            <translation>与其他运行比较…</translation>
        </message>
        <message>
            <source>Compare {count} runs</source>
            <translation>比较 {count} 个运行</translation>
        </message>
        <message>
            <source>Computer clock</source>
            <translation>计算机时钟</translation>
        </message>
        <message>
            <source>Config</source>
            <translation>配置</translation>
        </message>
        <message>
            <source>Config folder</source>
            <translation>配置文件夹</translation>
        </message>
        <message>
            <source>Connected</source>
            <translation>已连接</translation>
        </message>
        <message>
            <source>Connecting</source>
            <translation>连接中</translation>
        </message>
        <message>
            <source>Connection doctor</source>
            <translation>连接诊断</translation>
        </message>
        <message>
            <source>Content</source>
            <translation>内容</translation>
        </message>
        <message>
            <source>Content and checks</source>
            <translation>内容与检查</translation>
        </message>
        <message>
            <source>Content digest</source>
            <translation>内容摘要</translation>
        </message>
        <message>
            <source>Continue</source>
            <translation>继续</translation>
        </message>
        <message>
            <source>Cooler than {limit} °C</source>
            <translation>温度低于 {limit} °C</translation>
        </message>
        <message>
            <source>Copied. Send it to the site; it is not shown again later.</source>
            <translation>已复制。请发给对方站点；之后不会再次显示。</translation>
        </message>
        <message>
            <source>Copied. Whoever has it can ask this model.</source>
            <translation>已复制。持有它的人可以向此模型提问。</translation>
        </message>
        <message>
            <source>Copy</source>
            <translation>复制</translation>
        </message>
        <message>
            <source>Copy SHA-256</source>
            <translation>复制 SHA-256</translation>
        </message>
        <message>
            <source>Copy a command that asks it</source>
            <translation>复制调用命令</translation>
        </message>
        <message>
            <source>Copy address</source>
            <translation>复制地址</translation>
        </message>
        <message>
            <source>Copy e-mail address</source>
            <translation>复制电子邮件地址</translation>
        </message>
        <message>
            <source>Copy edge id</source>
            <translation>复制边缘编号</translation>
        </message>
        <message>
            <source>Copy hash</source>
            <translation>复制哈希</translation>
        </message>
        <message>
            <source>Copy key</source>
            <translation>复制密钥</translation>
        </message>
        <message>
            <source>Copy line</source>
            <translation>复制行</translation>
        </message>
        <message>
            <source>Copy link</source>
            <translation>复制链接</translation>
        </message>
        <message>
            <source>Copy number</source>
            <translation>复制编号</translation>
        </message>
        <message>
            <source>Copy the letter to the IT department</source>
            <translation>复制致 IT 部门的信函</translation>
        </message>
        <message>
            <source>Copy token</source>
            <translation>复制令牌</translation>
        </message>
        <message>
            <source>Copy what is selected</source>
            <translation>复制所选内容</translation>
        </message>
        <message>
            <source>Copy {count} lines</source>
            <translation>复制 {count} 行</translation>
        </message>
        <message>
            <source>Cores for all jobs together</source>
            <translation>所有作业合计的核心数</translation>
        </message>
        <message>
            <source>Correct it, or switch the expression off to look for plain text.</source>
            <translation>请更正，或关闭“表达式”以查找普通文本。</translation>
        </message>
        <message>
            <source>Covers</source>
            <translation>适用范围</translation>
        </message>
        <message>
            <source>Covers exactly this code on this data until {date}.</source>
            <translation>仅适用于此数据上的此代码，至 {date}。</translation>
        </message>
        <message>
            <source>Covers exactly this code on this data, for good.</source>
            <translation>仅适用于此数据上的此代码，长期有效。</translation>
        </message>
        <message>
            <source>Covers run {run} and its restarts.</source>
            <translation>适用于运行 {run} 及其重新启动。</translation>
        </message>
        <message>
            <source>Covers this start of run {run} only.</source>
            <translation>仅适用于运行 {run} 的这次启动。</translation>
        </message>
        <message>
            <source>Create a run with it in a project of the group.</source>
            <translation>请在群组的项目中用它创建运行。</translation>
        </message>
        <message>
            <source>Create group</source>
            <translation>创建群组</translation>
        </message>
        <message>
            <source>Create link</source>
            <translation>创建链接</translation>
        </message>
        <message>
            <source>Create project</source>
            <translation>创建项目</translation>
        </message>
        <message>
            <source>Created</source>
            <translation>创建时间</translation>
        </message>
        <message>
            <source>Created and not started. Nothing was sent to the sites.</source>
            <translation>已创建，尚未启动。没有向站点发送任何内容。</translation>
        </message>
        <message>
            <source>Curves</source>
            <translation>曲线</translation>
        </message>
        <message>
            <source>Curves, logs and models are kept. It stands under Archived.</source>
            <translation>曲线、日志和模型会保留。它位于“已归档”下。</translation>
        </message>
        <message>
            <source>Daily budget for what leaves</source>
            <translation>每日外发预算</translation>
        </message>
        <message>
            <source>Dark</source>
            <translation>深色</translation>
        </message>
        <message>
            <source>Data</source>
            <translation>数据</translation>
        </message>
        <message>
            <source>Data and limits</source>
            <translation>数据与上限</translation>
        </message>
        <message>
            <source>Data folder</source>
            <translation>数据文件夹</translation>
        </message>
        <message>
            <source>Database</source>
            <translation>数据库</translation>
        </message>
        <message>
            <source>Dataset</source>
            <translation>数据集</translation>
        </message>
        <message>
            <source>Datasets</source>
            <translation>数据集</translation>
        </message>
        <message>
            <source>Debug</source>
            <translation>调试</translation>
        </message>
        <message>
            <source>Dec</source>
            <translation>12月</translation>
        </message>
        <message>
            <source>Decided</source>
            <translation>已决定</translation>
        </message>
        <message>
            <source>Decided by</source>
            <translation>决定者</translation>
        </message>
        <message>
            <source>Decisions then wait until you open it again.</source>
            <translation>决定会等到您再次打开它。</translation>
        </message>
        <message>
            <source>Decisions, failures and ended runs of this machine are listed here.</source>
            <translation>本机的决定、失败和已结束的运行会列在这里。</translation>
        </message>
        <message>
            <source>Decline</source>
            <translation>谢绝</translation>
        </message>
        <message>
            <source>Declined</source>
            <translation>已谢绝</translation>
        </message>
        <message>
            <source>Declining …</source>
            <translation>正在拒绝…</translation>
        </message>
        <message>
            <source>Delete</source>
            <translation>删除</translation>
        </message>
        <message>
            <source>Delete all models of run {id}…</source>
            <translation>删除运行 {id} 的所有模型…</translation>
        </message>
        <message>
            <source>Delete them</source>
            <translation>删除</translation>
        </message>
        <message>
            <source>Delete {count} model?</source>
            <translation>删除 {count} 个模型？</translation>
        </message>
        <message>
            <source>Delete {count} models?</source>
            <translation>删除 {count} 个模型？</translation>
        </message>
        <message>
            <source>Delete…</source>
            <translation>删除…</translation>
        </message>
        <message>
            <source>Destination folder</source>
            <translation>目标文件夹</translation>
        </message>
        <message>
            <source>Details</source>
            <translation>详情</translation>
        </message>
        <message>
            <source>Device</source>
            <translation>设备</translation>
        </message>
        <message>
            <source>Device id</source>
            <translation>设备标识</translation>
        </message>
        <message>
            <source>Device {id}</source>
            <translation>设备 {id}</translation>
        </message>
        <message>
            <source>Devices</source>
            <translation>设备</translation>
        </message>
        <message>
            <source>Devices online</source>
            <translation>在线设备</translation>
        </message>
        <message>
            <source>Devices that train</source>
            <translation>参与训练的设备</translation>
        </message>
        <message>
            <source>Diagnose</source>
            <translation>诊断</translation>
        </message>
        <message>
            <source>Disable</source>
            <translation>停用</translation>
        </message>
        <message>
            <source>Disable {name}?</source>
            <translation>停用 {name}？</translation>
        </message>
        <message>
            <source>Disable...</source>
            <translation>停用…</translation>
        </message>
        <message>
            <source>Disabled</source>
            <translation>已停用</translation>
        </message>
        <message>
            <source>Disk</source>
            <translation>磁盘</translation>
        </message>
        <message>
            <source>Disk free</source>
            <translation>磁盘剩余</translation>
        </message>
        <message>
            <source>Disk space</source>
            <translation>磁盘空间</translation>
        </message>
        <message>
            <source>Do not compare</source>
            <translation>不再比较</translation>
        </message>
        <message>
            <source>Do not open silodesk:// links with SiloDesk</source>
            <translation>不再用 SiloDesk 打开 silodesk:// 链接</translation>
        </message>
        <message>
            <source>Do not start SiloDesk when I sign in</source>
            <translation>登录时不启动 SiloDesk</translation>
        </message>
        <message>
            <source>Done</source>
            <translation>完成</translation>
        </message>
        <message>
            <source>Down</source>
            <translation>停机</translation>
        </message>
        <message>
            <source>Dr. Marta Vogel</source>
            <translation>王敏医生</translation>
        </message>
        <message>
            <source>Drop a picture here, or click to choose one</source>
            <translation>将图片拖放到这里，或单击选择</translation>
        </message>
        <message>
            <source>Dynamic import</source>
            <translation>动态导入</translation>
        </message>
        <message>
            <source>E-mail</source>
            <translation>电子邮件</translation>
        </message>
        <message>
            <source>Each check takes at most 10 s.</source>
            <translation>每项检查最多需要 10 秒。</translation>
        </message>
        <message>
            <source>Each round moves the model up and down; the first round tells its size.</source>
            <translation>每一轮都会上传并下载模型；其大小在第一轮后可知。</translation>
        </message>
        <message>
            <source>Each site sends about {size} and receives {back}</source>
            <translation>每个站点约发送 {size}，接收{back}</translation>
        </message>
        <message>
            <source>Each site takes secrets out of its lines before it shares them</source>
            <translation>各站点在共享日志行之前会去除其中的机密信息</translation>
        </message>
        <message>
            <source>Earlier today</source>
            <translation>今日早些时候</translation>
        </message>
        <message>
            <source>Edge id</source>
            <translation>边缘编号</translation>
        </message>
        <message>
            <source>Edge {id}</source>
            <translation>边缘 {id}</translation>
        </message>
        <message>
            <source>Edit</source>
            <translation>编辑</translation>
        </message>
        <message>
            <source>Egress budget a day</source>
            <translation>每日外发流量预算</translation>
        </message>
        <message>
            <source>Elapsed</source>
            <translation>已用时间</translation>
        </message>
        <message>
            <source>Empty takes what the system says; none connects directly. It holds at once. The message broker is reached without a proxy.</source>
            <translation>留空则按系统设置；none 表示直接连接。立即生效。与消息代理的连接不经过代理服务器。</translation>
        </message>
        <message>
            <source>Enable again</source>
            <translation>重新启用</translation>
        </message>
        <message>
            <source>Encryption</source>
            <translation>加密</translation>
        </message>
        <message>
            <source>Ended</source>
            <translation>结束时间</translation>
        </message>
        <message>
            <source>Ended as</source>
            <translation>结束状态</translation>
        </message>
        <message>
            <source>Ended: {why}</source>
            <translation>已结束：{why}</translation>
        </message>
        <message>
            <source>Ends after</source>
            <translation>有效期至</translation>
        </message>
        <message>
            <source>Ends every job on this machine; asks before it does.</source>
            <translation>结束本机上的所有作业；结束前会询问。</translation>
        </message>
        <message>
            <source>Ends in {span}. Copy it now: it is not shown again later.</source>
            <translation>{span}后失效。请现在复制：之后不会再次显示。</translation>
        </message>
        <message>
            <source>Engine</source>
            <translation>引擎</translation>
        </message>
        <message>
            <source>Enlarge</source>
            <translation>放大</translation>
        </message>
        <message>
            <source>Enrolled</source>
            <translation>登记时间</translation>
        </message>
        <message>
            <source>Entry file</source>
            <translation>入口文件</translation>
        </message>
        <message>
            <source>Epoch</source>
            <translation>批次</translation>
        </message>
        <message>
            <source>Error</source>
            <translation>错误</translation>
        </message>
        <message>
            <source>Errors</source>
            <translation>错误</translation>
        </message>
        <message>
            <source>Eval accuracy</source>
            <translation>评估准确率</translation>
        </message>
        <message>
            <source>Eval loss</source>
            <translation>评估损失</translation>
        </message>
        <message>
            <source>Events</source>
            <translation>事件</translation>
        </message>
        <message>
            <source>Every group of this machine may use it</source>
            <translation>本机的每个群组都可使用</translation>
        </message>
        <message>
            <source>Every job here ends within 10 s. Runs go on elsewhere where their quorum holds. Nothing starts again by itself.</source>
            <translation>这里的每个作业都会在 10 秒内结束。若满足法定数，运行会在其他地方继续。不会有任何内容自动重新启动。</translation>
        </message>
        <message>
            <source>Every job here, at the end of its round; also new ones</source>
            <translation>这里的每个作业，在其本轮结束时；新作业也一样</translation>
        </message>
        <message>
            <source>Every round that a run closes leaves one. Start a run to make the first.</source>
            <translation>运行每结束一轮就会留下一个。启动运行即可产生第一个。</translation>
        </message>
        <message>
            <source>Every session of the account ends at once. Its devices stay bound; revoke them under Devices.</source>
            <translation>该账户的所有会话立即结束。其设备保持绑定；请在“设备”中撤销。</translation>
        </message>
        <message>
            <source>Everyone in its groups sees the new names at once.</source>
            <translation>其群组中的所有人会立即看到新名称。</translation>
        </message>
        <message>
            <source>Everything here works without a mouse; Tab walks on.</source>
            <translation>这里的一切都无需鼠标；按 Tab 键前进。</translation>
        </message>
        <message>
            <source>Everywhere</source>
            <translation>所有位置</translation>
        </message>
        <message>
            <source>Exactly this code, in any run of the group</source>
            <translation>仅此代码，用于群组的任何运行</translation>
        </message>
        <message>
            <source>Examine this machine's way to the hub</source>
            <translation>检查本机通往中枢的路径</translation>
        </message>
        <message>
            <source>Examples</source>
            <translation>示例</translation>
        </message>
        <message>
            <source>Exception</source>
            <translation>异常</translation>
        </message>
        <message>
            <source>Expired</source>
            <translation>已过期</translation>
        </message>
        <message>
            <source>Export</source>
            <translation>导出</translation>
        </message>
        <message>
            <source>Export as TorchScript</source>
            <translation>导出为 TorchScript</translation>
        </message>
        <message>
            <source>Export as TorchScript…</source>
            <translation>导出为 TorchScript…</translation>
        </message>
        <message>
            <source>Exports the model of round {n} in a sandboxed process; {age} so far.</source>
            <translation>正在沙箱进程中导出第 {n} 轮的模型；已用 {age}。</translation>
        </message>
        <message>
            <source>Export…</source>
            <translation>导出…</translation>
        </message>
        <message>
            <source>Expression</source>
            <translation>表达式</translation>
        </message>
        <message>
            <source>F1</source>
            <translation>F1</translation>
        </message>
        <message>
            <source>Facts</source>
            <translation>信息</translation>
        </message>
        <message>
            <source>Fail</source>
            <translation>未通过</translation>
        </message>
        <message>
            <source>Failed</source>
            <translation>失败</translation>
        </message>
        <message>
            <source>Feb</source>
            <translation>2月</translation>
        </message>
        <message>
            <source>Federation</source>
            <translation>联邦</translation>
        </message>
        <message>
            <source>Fetched</source>
            <translation>已获取</translation>
        </message>
        <message>
            <source>File</source>
            <translation>文件</translation>
        </message>
        <message>
            <source>File...</source>
            <translation>文件…</translation>
        </message>
        <message>
            <source>Files</source>
            <translation>文件</translation>
        </message>
        <message>
            <source>Files of the package</source>
            <translation>程序包的文件</translation>
        </message>
        <message>
            <source>Filter applications</source>
            <translation>筛选应用</translation>
        </message>
        <message>
            <source>Filter by name, person, words or digest</source>
            <translation>按名称、人员、词语或摘要筛选</translation>
        </message>
        <message>
            <source>Filter by name, site, edge id</source>
            <translation>按名称、站点、边缘编号筛选</translation>
        </message>
        <message>
            <source>Filter datasets</source>
            <translation>筛选数据集</translation>
        </message>
        <message>
            <source>Filter devices</source>
            <translation>筛选设备</translation>
        </message>
        <message>
            <source>Filter groups and people</source>
            <translation>筛选群组和人员</translation>
        </message>
        <message>
            <source>Filter paths and reasons</source>
            <translation>按路径和原因筛选</translation>
        </message>
        <message>
            <source>Filter projects</source>
            <translation>筛选项目</translation>
        </message>
        <message>
            <source>Filter runs</source>
            <translation>筛选运行</translation>
        </message>
        <message>
            <source>Filter runs, or type accuracy &gt; 0.95</source>
            <translation>筛选运行，或输入 accuracy &gt; 0.95</translation>
        </message>
        <message>
            <source>Find in all lines</source>
            <translation>在所有行中查找</translation>
        </message>
        <message>
            <source>Fingerprint</source>
            <translation>指纹</translation>
        </message>
        <message>
            <source>Fingerprint in words</source>
            <translation>指纹词语</translation>
        </message>
        <message>
            <source>Finished</source>
            <translation>已完成</translation>
        </message>
        <message>
            <source>First rows</source>
            <translation>前几行</translation>
        </message>
        <message>
            <source>First time on this machine.</source>
            <translation>首次在本机运行。</translation>
        </message>
        <message>
            <source>First version of this application here</source>
            <translation>此应用在此的首个版本</translation>
        </message>
        <message>
            <source>Flower app</source>
            <translation>Flower 应用</translation>
        </message>
        <message>
            <source>Folder</source>
            <translation>文件夹</translation>
        </message>
        <message>
            <source>Folder or file</source>
            <translation>文件夹或文件</translation>
        </message>
        <message>
            <source>Follow</source>
            <translation>跟随</translation>
        </message>
        <message>
            <source>Follow the log</source>
            <translation>跟随日志</translation>
        </message>
        <message>
            <source>Follow the newest line</source>
            <translation>跟随最新行</translation>
        </message>
        <message>
            <source>For at least</source>
            <translation>至少持续</translation>
        </message>
        <message>
            <source>Found</source>
            <translation>发现</translation>
        </message>
        <message>
            <source>From</source>
            <translation>来自</translation>
        </message>
        <message>
            <source>From then on nothing pops up; decisions wait in the tray icon. Empty is never.</source>
            <translation>自此时刻起不再弹出通知；决定保留在托盘图标中。留空表示从不。</translation>
        </message>
        <message>
            <source>From {who} · {project} · first time on this machine</source>
            <translation>来自 {who} · {project} · 首次在本机运行</translation>
        </message>
        <message>
            <source>From {who} · {project} · same code as your last approval</source>
            <translation>来自 {who} · {project} · 与您上次批准的代码相同</translation>
        </message>
        <message>
            <source>From {who} · {project} · {count} file changed since your last approval</source>
            <translation>来自 {who} · {project} · 自您上次批准以来有 {count} 个文件变更</translation>
        </message>
        <message>
            <source>From {who} · {project} · {count} files changed since your last approval</source>
            <translation>来自 {who} · {project} · 自您上次批准以来有 {count} 个文件变更</translation>
        </message>
        <message>
            <source>GPU</source>
            <translation>GPU</translation>
        </message>
        <message>
            <source>GPU memory</source>
            <translation>GPU 显存</translation>
        </message>
        <message>
            <source>GPU temperature</source>
            <translation>GPU 温度</translation>
        </message>
        <message>
            <source>GPU used by others</source>
            <translation>其他程序的 GPU 占用</translation>
        </message>
        <message>
            <source>Give it a name.</source>
            <translation>请为它命名。</translation>
        </message>
        <message>
            <source>Give the application a name.</source>
            <translation>请为应用命名。</translation>
        </message>
        <message>
            <source>Give the device a name.</source>
            <translation>请为设备命名。</translation>
        </message>
        <message>
            <source>Give the group a name.</source>
            <translation>请为群组命名。</translation>
        </message>
        <message>
            <source>Give the hub a name that others will recognise.</source>
            <translation>请为中枢起一个他人认得出的名称。</translation>
        </message>
        <message>
            <source>Give the job data</source>
            <translation>向作业提供数据</translation>
        </message>
        <message>
            <source>Give the project a name.</source>
            <translation>请为项目命名。</translation>
        </message>
        <message>
            <source>Give this machine a name.</source>
            <translation>请为这台机器命名。</translation>
        </message>
        <message>
            <source>Give way to other work</source>
            <translation>为其他工作让路</translation>
        </message>
        <message>
            <source>Global</source>
            <translation>全局</translation>
        </message>
        <message>
            <source>Go on now</source>
            <translation>立即继续</translation>
        </message>
        <message>
            <source>Go to line or time</source>
            <translation>转到行或时间</translation>
        </message>
        <message>
            <source>Go to the newest line</source>
            <translation>转到最新行</translation>
        </message>
        <message>
            <source>Go to time</source>
            <translation>转到时间</translation>
        </message>
        <message>
            <source>Graphics processor</source>
            <translation>图形处理器</translation>
        </message>
        <message>
            <source>Group</source>
            <translation>群组</translation>
        </message>
        <message>
            <source>Group is told</source>
            <translation>告知群组</translation>
        </message>
        <message>
            <source>Groups</source>
            <translation>群组</translation>
        </message>
        <message>
            <source>Hardware</source>
            <translation>硬件</translation>
        </message>
        <message>
            <source>Hash</source>
            <translation>哈希</translation>
        </message>
        <message>
            <source>Health</source>
            <translation>健康状况</translation>
        </message>
        <message>
            <source>Heartbeat</source>
            <translation>心跳</translation>
        </message>
        <message>
            <source>Heartbeat both ways</source>
            <translation>双向心跳</translation>
        </message>
        <message>
            <source>Heartbeats and other messages</source>
            <translation>心跳和其他消息</translation>
        </message>
        <message>
            <source>Holds for jobs that start from now on.</source>
            <translation>适用于此后启动的作业。</translation>
        </message>
        <message>
            <source>Home</source>
            <translation>主页</translation>
        </message>
        <message>
            <source>Home compares with it.</source>
            <translation>“主页”会与它比较。</translation>
        </message>
        <message>
            <source>Host</source>
            <translation>主机</translation>
        </message>
        <message>
            <source>Host a hub here</source>
            <translation>在此托管中枢</translation>
        </message>
        <message>
            <source>Hours</source>
            <translation>时段</translation>
        </message>
        <message>
            <source>House rules</source>
            <translation>本站规则</translation>
        </message>
        <message>
            <source>House rules changed</source>
            <translation>本站规则已更改</translation>
        </message>
        <message>
            <source>How it is called on the Devices page. Used when it is bound again.</source>
            <translation>它在“设备”页面上的名称。再次绑定时使用。</translation>
        </message>
        <message>
            <source>How to fix it</source>
            <translation>解决办法</translation>
        </message>
        <message>
            <source>Hub</source>
            <translation>中枢</translation>
        </message>
        <message>
            <source>Hub address</source>
            <translation>中枢地址</translation>
        </message>
        <message>
            <source>Hub address or invitation link</source>
            <translation>中枢地址或邀请链接</translation>
        </message>
        <message>
            <source>Hub address or invitation link to check</source>
            <translation>要检查的中枢地址或邀请链接</translation>
        </message>
        <message>
            <source>Hub is silent</source>
            <translation>中枢无响应</translation>
        </message>
        <message>
            <source>I approve it without having seen this</source>
            <translation>我未看到这些内容，仍然批准</translation>
        </message>
        <message>
            <source>Idle</source>
            <translation>空闲</translation>
        </message>
        <message>
            <source>Images</source>
            <translation>图像</translation>
        </message>
        <message>
            <source>In a page</source>
            <translation>在页面中</translation>
        </message>
        <message>
            <source>Info</source>
            <translation>信息</translation>
        </message>
        <message>
            <source>Initializing</source>
            <translation>初始化</translation>
        </message>
        <message>
            <source>Invert</source>
            <translation>反相</translation>
        </message>
        <message>
            <source>Invitation link</source>
            <translation>邀请链接</translation>
        </message>
        <message>
            <source>Invitation links do not open SiloDesk any more</source>
            <translation>邀请链接不再打开 SiloDesk</translation>
        </message>
        <message>
            <source>Invitation links open with SiloDesk now</source>
            <translation>邀请链接现在由 SiloDesk 打开</translation>
        </message>
        <message>
            <source>Invitation to {group}</source>
            <translation>{group} 的邀请</translation>
        </message>
        <message>
            <source>Invitations</source>
            <translation>邀请</translation>
        </message>
        <message>
            <source>Invitations for you</source>
            <translation>给您的邀请</translation>
        </message>
        <message>
            <source>Invite a site…</source>
            <translation>邀请站点…</translation>
        </message>
        <message>
            <source>Invite to {group}</source>
            <translation>邀请加入 {group}</translation>
        </message>
        <message>
            <source>Invited</source>
            <translation>已邀请</translation>
        </message>
        <message>
            <source>Issued by</source>
            <translation>颁发者</translation>
        </message>
        <message>
            <source>It cannot be read</source>
            <translation>无法读取</translation>
        </message>
        <message>
            <source>It ends after round {k} of {n} on {sites}. Curves, logs and models so far are kept; it cannot be continued.</source>
            <translation>它将在 {sites} 上于第 {k} 轮（共 {n} 轮）后结束。已有的曲线、日志和模型会保留；之后无法继续。</translation>
        </message>
        <message>
            <source>It ends on {sites}. Curves, logs and models so far are kept; it cannot be continued.</source>
            <translation>它将在 {sites} 上结束。已有的曲线、日志和模型会保留；之后无法继续。</translation>
        </message>
        <message>
            <source>It gets a place at the hub under your account; runs still ask you first.</source>
            <translation>它会在您账户下的中枢获得一席之地；运行仍会先询问您。</translation>
        </message>
        <message>
            <source>It gets no runs any more and its credentials end. What it sent stays at the hub.</source>
            <translation>它不再收到运行，其凭据失效。已发送的内容保留在中枢。</translation>
        </message>
        <message>
            <source>It is away for some seconds. Runs go on by themselves.</source>
            <translation>它会离开几秒钟。运行会自动继续。</translation>
        </message>
        <message>
            <source>It is on its way and can be stopped on its own page.</source>
            <translation>运行正在启动，可在其页面上停止。</translation>
        </message>
        <message>
            <source>It lost its access at once; its devices left with it.</source>
            <translation>它已立即失去访问权；其设备随之离开。</translation>
        </message>
        <message>
            <source>It opens its own window in some seconds, at the first time after making its runtime. Closing that window ends it.</source>
            <translation>它会在几秒后打开自己的窗口，首次则在制作好运行时之后。关闭该窗口即结束演示。</translation>
        </message>
        <message>
            <source>It waits for runs now. New code starts only after you allowed it.</source>
            <translation>它现在等待运行。新代码须经您允许才会启动。</translation>
        </message>
        <message>
            <source>It works once, within a day. Hand it over by a way that only they can read.</source>
            <translation>它限用一次，一天内有效。请以只有对方能看到的方式交付。</translation>
        </message>
        <message>
            <source>Its bytes changed where no line shows it.</source>
            <translation>其字节有变化，但各行看不出来。</translation>
        </message>
        <message>
            <source>Its files stay where they are and are only read. Nothing of them leaves this machine.</source>
            <translation>其文件留在原处，仅供读取。其内容不会离开本机。</translation>
        </message>
        <message>
            <source>Its files were not touched. Approvals that name it will ask again.</source>
            <translation>其文件未被改动。指定它的审批会再次询问。</translation>
        </message>
        <message>
            <source>Its link is of no use any more.</source>
            <translation>其链接不再有效。</translation>
        </message>
        <message>
            <source>Its next start waits for your decision again. What runs now goes on.</source>
            <translation>其下次启动会再次等待您的决定。正在运行的会继续。</translation>
        </message>
        <message>
            <source>Its operator shows no data with a number of rows to this group.</source>
            <translation>其操作员未向此群组展示带行数的数据。</translation>
        </message>
        <message>
            <source>Its part in {n} running runs ends as failed.</source>
            <translation>它在 {n} 个进行中运行里的部分将以失败结束。</translation>
        </message>
        <message>
            <source>Its run goes on here.</source>
            <translation>其运行在此继续。</translation>
        </message>
        <message>
            <source>Its runs, curves and models are seen by all members of its group.</source>
            <translation>其运行、曲线和模型对群组所有成员可见。</translation>
        </message>
        <message>
            <source>Its versions could not be read</source>
            <translation>无法读取其版本</translation>
        </message>
        <message>
            <source>Jan</source>
            <translation>1月</translation>
        </message>
        <message>
            <source>Job CPU</source>
            <translation>作业 CPU</translation>
        </message>
        <message>
            <source>Job memory</source>
            <translation>作业内存</translation>
        </message>
        <message>
            <source>Job runtime</source>
            <translation>作业运行时</translation>
        </message>
        <message>
            <source>Job runtimes</source>
            <translation>作业运行时</translation>
        </message>
        <message>
            <source>Jobs and the agent go on in either case.</source>
            <translation>无论哪种情况，作业和代理都会继续。</translation>
        </message>
        <message>
            <source>Jobs finish their round, then wait; nothing is lost.</source>
            <translation>作业完成本轮后等待；不会丢失任何内容。</translation>
        </message>
        <message>
            <source>Jobs go on without it. The window reconnects by itself as soon as it is back.</source>
            <translation>没有它，作业照常进行。一旦恢复，窗口会自动重新连接。</translation>
        </message>
        <message>
            <source>Jobs have no network: everything passes the agent and is counted.</source>
            <translation>作业没有网络：一切都经过代理并计入统计。</translation>
        </message>
        <message>
            <source>Jobs pause at the end of their round while a rule forbids them, and go on by themselves.</source>
            <translation>规则禁止时，作业在其本轮结束时暂停，并自动继续。</translation>
        </message>
        <message>
            <source>Jobs see it read-only, as /data. Nothing else of this machine is shown to them.</source>
            <translation>作业以只读方式看到它（/data）。不会向它们显示本机的其他内容。</translation>
        </message>
        <message>
            <source>Jobs that ended today</source>
            <translation>今日结束的作业</translation>
        </message>
        <message>
            <source>Join a federation with an invitation…</source>
            <translation>凭邀请加入联邦…</translation>
        </message>
        <message>
            <source>Join with an invitation</source>
            <translation>凭邀请加入</translation>
        </message>
        <message>
            <source>Join {hub}</source>
            <translation>加入 {hub}</translation>
        </message>
        <message>
            <source>Jul</source>
            <translation>7月</translation>
        </message>
        <message>
            <source>Jun</source>
            <translation>6月</translation>
        </message>
        <message>
            <source>Just looking?</source>
            <translation>只是看看？</translation>
        </message>
        <message>
            <source>Keep a worker ready</source>
            <translation>保持工作进程就绪</translation>
        </message>
        <message>
            <source>Keep in the tray</source>
            <translation>保留在托盘中</translation>
        </message>
        <message>
            <source>Keep this silo's secrets in a file?</source>
            <translation>将本站点的机密保存在文件中？</translation>
        </message>
        <message>
            <source>Keeps working while the hub is down</source>
            <translation>中枢停机时仍可工作</translation>
        </message>
        <message>
            <source>Key</source>
            <translation>密钥</translation>
        </message>
        <message>
            <source>Key {name}</source>
            <translation>密钥 {name}</translation>
        </message>
        <message>
            <source>Keys</source>
            <translation>按键</translation>
        </message>
        <message>
            <source>Killed</source>
            <translation>已终止</translation>
        </message>
        <message>
            <source>Killed by {person}</source>
            <translation>由 {person} 终止</translation>
        </message>
        <message>
            <source>Kind</source>
            <translation>类型</translation>
        </message>
        <message>
            <source>Klinikum Lindenau</source>
            <translation>林登瑙医院</translation>
        </message>
        <message>
            <source>Language</source>
            <translation>语言</translation>
        </message>
        <message>
            <source>Language: {name}</source>
            <translation>语言：{name}</translation>
        </message>
        <message>
            <source>Last 24 hours</source>
            <translation>过去 24 小时</translation>
        </message>
        <message>
            <source>Last backup</source>
            <translation>上次备份</translation>
        </message>
        <message>
            <source>Last seen</source>
            <translation>最后出现</translation>
        </message>
        <message>
            <source>Last seen {age} ago.</source>
            <translation>{age}前最后一次看到。</translation>
        </message>
        <message>
            <source>Later</source>
            <translation>稍后</translation>
        </message>
        <message>
            <source>Learning rate</source>
            <translation>学习率</translation>
        </message>
        <message>
            <source>Leave</source>
            <translation>退出</translation>
        </message>
        <message>
            <source>Leave out</source>
            <translation>排除</translation>
        </message>
        <message>
            <source>Leave {group}?</source>
            <translation>退出 {group}？</translation>
        </message>
        <message>
            <source>Leave…</source>
            <translation>退出…</translation>
        </message>
        <message>
            <source>Left</source>
            <translation>剩余</translation>
        </message>
        <message>
            <source>Left out</source>
            <translation>已排除</translation>
        </message>
        <message>
            <source>Let this package's code run here?</source>
            <translation>允许此程序包的代码在这里运行？</translation>
        </message>
        <message>
            <source>Letter (*.txt);;Whole report (*.json)</source>
            <translation>信函 (*.txt);;完整报告 (*.json)</translation>
        </message>
        <message>
            <source>Letter to IT</source>
            <translation>致 IT 部门的信函</translation>
        </message>
        <message>
            <source>Levels</source>
            <translation>级别</translation>
        </message>
        <message>
            <source>Light</source>
            <translation>浅色</translation>
        </message>
        <message>
            <source>Limits</source>
            <translation>上限</translation>
        </message>
        <message>
            <source>Line: solid = heartbeat seen, dashed = not seen</source>
            <translation>线条：实线 = 有心跳，虚线 = 无心跳</translation>
        </message>
        <message>
            <source>Link for one new site</source>
            <translation>用于一个新站点的链接</translation>
        </message>
        <message>
            <source>Lists and dialogs</source>
            <translation>列表和对话框</translation>
        </message>
        <message>
            <source>Live</source>
            <translation>进行中</translation>
        </message>
        <message>
            <source>Loading</source>
            <translation>正在加载</translation>
        </message>
        <message>
            <source>Log</source>
            <translation>日志</translation>
        </message>
        <message>
            <source>Log file</source>
            <translation>日志文件</translation>
        </message>
        <message>
            <source>Log scale</source>
            <translation>对数刻度</translation>
        </message>
        <message>
            <source>Logs</source>
            <translation>日志</translation>
        </message>
        <message>
            <source>Logs (*.log *.txt *.out *.jsonl);;All files (*)</source>
            <translation>日志 (*.log *.txt *.out *.jsonl);;所有文件 (*)</translation>
        </message>
        <message>
            <source>Looking</source>
            <translation>正在查看</translation>
        </message>
        <message>
            <source>Looking at the connection</source>
            <translation>正在查看连接</translation>
        </message>
        <message>
            <source>Looking…</source>
            <translation>正在查看…</translation>
        </message>
        <message>
            <source>Looks through its files…</source>
            <translation>正在查看其文件…</translation>
        </message>
        <message>
            <source>Looks which datasets fit</source>
            <translation>正在查看适用的数据集</translation>
        </message>
        <message>
            <source>Loss</source>
            <translation>损失</translation>
        </message>
        <message>
            <source>Lr</source>
            <translation>学习率</translation>
        </message>
        <message>
            <source>Machines appear here as soon as they are bound to your account or join a group.</source>
            <translation>机器一经绑定到您的账户或加入群组，就会出现在这里。</translation>
        </message>
        <message>
            <source>Made from</source>
            <translation>来源</translation>
        </message>
        <message>
            <source>Main metric</source>
            <translation>主要指标</translation>
        </message>
        <message>
            <source>Make a link for a new password...</source>
            <translation>生成设置新密码的链接…</translation>
        </message>
        <message>
            <source>Make administrator</source>
            <translation>设为管理员</translation>
        </message>
        <message>
            <source>Make administrator...</source>
            <translation>设为管理员…</translation>
        </message>
        <message>
            <source>Make one, or open the invitation link that you were sent.</source>
            <translation>请新建一个，或打开您收到的邀请链接。</translation>
        </message>
        <message>
            <source>Make operator</source>
            <translation>设为操作员</translation>
        </message>
        <message>
            <source>Make scientist</source>
            <translation>设为科研人员</translation>
        </message>
        <message>
            <source>Make the account</source>
            <translation>创建账户</translation>
        </message>
        <message>
            <source>Make {name} an administrator?</source>
            <translation>将 {name} 设为管理员？</translation>
        </message>
        <message>
            <source>Making this machine's key and talking to the hub …</source>
            <translation>正在生成本机密钥并联系中枢…</translation>
        </message>
        <message>
            <source>Mar</source>
            <translation>3月</translation>
        </message>
        <message>
            <source>Mark all as seen</source>
            <translation>全部标为已读</translation>
        </message>
        <message>
            <source>Match case</source>
            <translation>区分大小写</translation>
        </message>
        <message>
            <source>May</source>
            <translation>5月</translation>
        </message>
        <message>
            <source>Median round trip</source>
            <translation>往返时间中位数</translation>
        </message>
        <message>
            <source>Median start delay</source>
            <translation>启动延迟中位数</translation>
        </message>
        <message>
            <source>Member</source>
            <translation>成员</translation>
        </message>
        <message>
            <source>Members</source>
            <translation>成员</translation>
        </message>
        <message>
            <source>Members and devices can change at any time. Running rounds keep their devices; those of a removed member stop at once.</source>
            <translation>成员和设备可随时更改。进行中的轮次保留其设备；被移除成员的设备立即停止。</translation>
        </message>
        <message>
            <source>Members can choose it for runs. Every start still asks at the device itself.</source>
            <translation>成员可为运行选择它。每次启动仍会在该设备上询问。</translation>
        </message>
        <message>
            <source>Members of the group can start runs with it. Each silo still decides for itself.</source>
            <translation>群组成员可用它启动运行。每个站点仍自行决定。</translation>
        </message>
        <message>
            <source>Members see each other's devices, projects, curves and models. You own the group and invite the others.</source>
            <translation>成员可互相看到设备、项目、曲线和模型。您是群组的所有者，由您邀请其他人。</translation>
        </message>
        <message>
            <source>Members, devices and links</source>
            <translation>成员、设备和链接</translation>
        </message>
        <message>
            <source>Memory</source>
            <translation>内存</translation>
        </message>
        <message>
            <source>Memory of a job</source>
            <translation>作业内存</translation>
        </message>
        <message>
            <source>Memory of one job</source>
            <translation>单个作业的内存</translation>
        </message>
        <message>
            <source>Memory without a limit</source>
            <translation>内存无上限</translation>
        </message>
        <message>
            <source>Memory, up to {size}</source>
            <translation>内存，上限 {size}</translation>
        </message>
        <message>
            <source>Message broker</source>
            <translation>消息代理</translation>
        </message>
        <message>
            <source>Metric</source>
            <translation>指标</translation>
        </message>
        <message>
            <source>Metrics</source>
            <translation>指标</translation>
        </message>
        <message>
            <source>Minimise</source>
            <translation>最小化</translation>
        </message>
        <message>
            <source>Missing</source>
            <translation>缺失</translation>
        </message>
        <message>
            <source>Missing columns: {columns}</source>
            <translation>缺少的列：{columns}</translation>
        </message>
        <message>
            <source>Model</source>
            <translation>模型</translation>
        </message>
        <message>
            <source>Model exported, its answers compared</source>
            <translation>模型已导出，答案已核对</translation>
        </message>
        <message>
            <source>Model of round {n}</source>
            <translation>第 {n} 轮的模型</translation>
        </message>
        <message>
            <source>Model of run {run}, round {round}</source>
            <translation>运行 {run} 第 {round} 轮的模型</translation>
        </message>
        <message>
            <source>Model saved, its hash matches</source>
            <translation>模型已保存，哈希一致</translation>
        </message>
        <message>
            <source>Model updates</source>
            <translation>模型更新</translation>
        </message>
        <message>
            <source>Models</source>
            <translation>模型</translation>
        </message>
        <message>
            <source>Models could not be read</source>
            <translation>模型无法读取</translation>
        </message>
        <message>
            <source>More</source>
            <translation>更多</translation>
        </message>
        <message>
            <source>Moved by all sites</source>
            <translation>所有站点传输量</translation>
        </message>
        <message>
            <source>Name</source>
            <translation>名称</translation>
        </message>
        <message>
            <source>Name a folder or a file on this machine.</source>
            <translation>请指定本机上的文件夹或文件。</translation>
        </message>
        <message>
            <source>Name at least one program, or switch the rule off.</source>
            <translation>请至少写明一个程序，或关闭该规则。</translation>
        </message>
        <message>
            <source>Name lookup</source>
            <translation>名称解析</translation>
        </message>
        <message>
            <source>Name of the hub</source>
            <translation>中枢名称</translation>
        </message>
        <message>
            <source>Name of this machine</source>
            <translation>本机名称</translation>
        </message>
        <message>
            <source>Name of this silo</source>
            <translation>本站点名称</translation>
        </message>
        <message>
            <source>Name the site that the device belongs to.</source>
            <translation>请写明设备所属的站点。</translation>
        </message>
        <message>
            <source>Name the site whose data this machine serves.</source>
            <translation>请写明本机为哪个站点的数据服务。</translation>
        </message>
        <message>
            <source>Names of processes, separated by commas.</source>
            <translation>进程名称，用逗号分隔。</translation>
        </message>
        <message>
            <source>Native code</source>
            <translation>本机代码</translation>
        </message>
        <message>
            <source>Needs</source>
            <translation>依赖</translation>
        </message>
        <message>
            <source>Needs a look</source>
            <translation>需要留意</translation>
        </message>
        <message>
            <source>Needs you</source>
            <translation>待您处理</translation>
        </message>
        <message>
            <source>Network</source>
            <translation>网络</translation>
        </message>
        <message>
            <source>Network card</source>
            <translation>网卡</translation>
        </message>
        <message>
            <source>Network stays blocked</source>
            <translation>网络保持阻断</translation>
        </message>
        <message>
            <source>Never</source>
            <translation>从不</translation>
        </message>
        <message>
            <source>Never allowed</source>
            <translation>从不允许</translation>
        </message>
        <message>
            <source>Never beside listed programs</source>
            <translation>列出的程序运行时不运行</translation>
        </message>
        <message>
            <source>New code never starts here before you have allowed it.</source>
            <translation>新代码在您允许之前绝不会在这里启动。</translation>
        </message>
        <message>
            <source>New group</source>
            <translation>新建群组</translation>
        </message>
        <message>
            <source>New invitation link</source>
            <translation>新建邀请链接</translation>
        </message>
        <message>
            <source>New link</source>
            <translation>新建链接</translation>
        </message>
        <message>
            <source>New link, for one use</source>
            <translation>新链接，限用一次</translation>
        </message>
        <message>
            <source>New people come in by invitation; ask your partner for a link.</source>
            <translation>新成员凭邀请加入；请向您的伙伴索取链接。</translation>
        </message>
        <message>
            <source>New project</source>
            <translation>新建项目</translation>
        </message>
        <message>
            <source>New run</source>
            <translation>新建运行</translation>
        </message>
        <message>
            <source>New run in this project…</source>
            <translation>在此项目中新建运行…</translation>
        </message>
        <message>
            <source>New run: in which project?</source>
            <translation>新建运行：在哪个项目中？</translation>
        </message>
        <message>
            <source>New runs cannot use it; a running round keeps it.</source>
            <translation>新的运行不能使用它；进行中的轮次会保留它。</translation>
        </message>
        <message>
            <source>New run…</source>
            <translation>新建运行…</translation>
        </message>
        <message>
            <source>New token</source>
            <translation>新令牌</translation>
        </message>
        <message>
            <source>New: {what}</source>
            <translation>新建：{what}</translation>
        </message>
        <message>
            <source>Newest</source>
            <translation>最新</translation>
        </message>
        <message>
            <source>Next</source>
            <translation>下一步</translation>
        </message>
        <message>
            <source>Next change</source>
            <translation>下一处变更</translation>
        </message>
        <message>
            <source>Next hit</source>
            <translation>下一处匹配</translation>
        </message>
        <message>
            <source>Next match</source>
            <translation>下一个匹配</translation>
        </message>
        <message>
            <source>Nights</source>
            <translation>夜间</translation>
        </message>
        <message>
            <source>No applications yet</source>
            <translation>还没有应用</translation>
        </message>
        <message>
            <source>No data</source>
            <translation>无数据</translation>
        </message>
        <message>
            <source>No dataset is registered; add one on the Datasets page</source>
            <translation>没有登记数据集；请在“数据集”页面添加</translation>
        </message>
        <message>
            <source>No dataset yet</source>
            <translation>还没有数据集</translation>
        </message>
        <message>
            <source>No device fits the search and the filter.</source>
            <translation>没有设备符合搜索和筛选条件。</translation>
        </message>
        <message>
            <source>No devices yet</source>
            <translation>还没有设备</translation>
        </message>
        <message>
            <source>No devices yet. Add one of yours.</source>
            <translation>还没有设备。请添加您的设备。</translation>
        </message>
        <message>
            <source>No figures yet</source>
            <translation>还没有数据</translation>
        </message>
        <message>
            <source>No file is open</source>
            <translation>没有打开文件</translation>
        </message>
        <message>
            <source>No groups yet</source>
            <translation>还没有群组</translation>
        </message>
        <message>
            <source>No hub yet</source>
            <translation>还没有中枢</translation>
        </message>
        <message>
            <source>No invitations yet.</source>
            <translation>还没有邀请。</translation>
        </message>
        <message>
            <source>No job ended today</source>
            <translation>今日没有作业结束</translation>
        </message>
        <message>
            <source>No line carries a time like this.</source>
            <translation>没有带此类时间的行。</translation>
        </message>
        <message>
            <source>No line holds what is looked for.</source>
            <translation>没有包含所查内容的行。</translation>
        </message>
        <message>
            <source>No line passes the filters.</source>
            <translation>没有通过筛选的行。</translation>
        </message>
        <message>
            <source>No lines yet. They appear as soon as a job writes one.</source>
            <translation>还没有日志行。作业一写入就会出现。</translation>
        </message>
        <message>
            <source>No models yet</source>
            <translation>还没有模型</translation>
        </message>
        <message>
            <source>No notifications; what waits for your decision stays in the tray icon.</source>
            <translation>不发送通知；等待您决定的内容保留在托盘图标中。</translation>
        </message>
        <message>
            <source>No points</source>
            <translation>没有数据点</translation>
        </message>
        <message>
            <source>No points yet</source>
            <translation>还没有数据点</translation>
        </message>
        <message>
            <source>No projects yet</source>
            <translation>还没有项目</translation>
        </message>
        <message>
            <source>No run asked for it yet</source>
            <translation>还没有运行请求它</translation>
        </message>
        <message>
            <source>No runs chosen</source>
            <translation>未选择运行</translation>
        </message>
        <message>
            <source>No runs yet</source>
            <translation>还没有运行</translation>
        </message>
        <message>
            <source>No sandbox here</source>
            <translation>这里没有沙箱</translation>
        </message>
        <message>
            <source>No setting has these words</source>
            <translation>没有设置包含这些词</translation>
        </message>
        <message>
            <source>No tray on this desktop</source>
            <translation>此桌面没有托盘</translation>
        </message>
        <message>
            <source>None chosen.</source>
            <translation>未选择。</translation>
        </message>
        <message>
            <source>None of this gets into the package.</source>
            <translation>以下内容都不会进入程序包。</translation>
        </message>
        <message>
            <source>None of: {kinds}</source>
            <translation>以下均无：{kinds}</translation>
        </message>
        <message>
            <source>Not JSON. Use {dumps}, for example.</source>
            <translation>不是 JSON。例如可用 {dumps}。</translation>
        </message>
        <message>
            <source>Not a number. Use {like:g}, for example.</source>
            <translation>不是数字。例如可用 {like:g}。</translation>
        </message>
        <message>
            <source>Not a whole number. Use {like}, for example.</source>
            <translation>不是整数。例如可用 {like}。</translation>
        </message>
        <message>
            <source>Not bound</source>
            <translation>未绑定</translation>
        </message>
        <message>
            <source>Not connected</source>
            <translation>未连接</translation>
        </message>
        <message>
            <source>Not connected to the hub</source>
            <translation>未连接到中枢</translation>
        </message>
        <message>
            <source>Not connected to the hub for {time}</source>
            <translation>已有 {time} 未连接到中枢</translation>
        </message>
        <message>
            <source>Not read</source>
            <translation>未读取</translation>
        </message>
        <message>
            <source>Not read yet</source>
            <translation>尚未读取</translation>
        </message>
        <message>
            <source>Not served. It would answer on 127.0.0.1, this computer only.</source>
            <translation>未提供服务。它只会在 127.0.0.1（本计算机）上应答。</translation>
        </message>
        <message>
            <source>Not set up</source>
            <translation>未设置</translation>
        </message>
        <message>
            <source>Not shown here; choose it to see it.</source>
            <translation>此处未显示；选择它即可查看。</translation>
        </message>
        <message>
            <source>Not started</source>
            <translation>非实时</translation>
        </message>
        <message>
            <source>Not text; it cannot be shown.</source>
            <translation>不是文本，无法显示。</translation>
        </message>
        <message>
            <source>Not there</source>
            <translation>不在</translation>
        </message>
        <message>
            <source>Not tried</source>
            <translation>未尝试</translation>
        </message>
        <message>
            <source>Not yes or no. Use true or false.</source>
            <translation>未启动</translation>
        </message>
        <message>
            <source>Note</source>
            <translation>注意</translation>
        </message>
        <message>
            <source>Nothing contains it on this machine.</source>
            <translation>本机没有隔离它的手段。</translation>
        </message>
        <message>
            <source>Nothing happened yet</source>
            <translation>还没有发生任何事情</translation>
        </message>
        <message>
            <source>Nothing has happened yet.</source>
            <translation>还没有发生任何事情。</translation>
        </message>
        <message>
            <source>Nothing is approved beforehand</source>
            <translation>没有事先批准的内容</translation>
        </message>
        <message>
            <source>Nothing is called “{text}”. A run is found by its number, too.</source>
            <translation>没有名为“{text}”的内容。也可以按编号查找运行。</translation>
        </message>
        <message>
            <source>Nothing is deleted. It stands under Archived.</source>
            <translation>不会删除任何内容。它位于“已归档”下。</translation>
        </message>
        <message>
            <source>Nothing matches</source>
            <translation>没有匹配项</translation>
        </message>
        <message>
            <source>Nothing moves by itself; the topology stays still.</source>
            <translation>没有内容会自行移动；拓扑保持静止。</translation>
        </message>
        <message>
            <source>Nothing needs to be fixed.</source>
            <translation>没有需要解决的问题。</translation>
        </message>
        <message>
            <source>Nothing of it ran. The owner reads why.</source>
            <translation>其内容没有运行。所有者会看到原因。</translation>
        </message>
        <message>
            <source>Nothing runs before you allow it</source>
            <translation>在您允许之前不运行任何内容</translation>
        </message>
        <message>
            <source>Nothing runs here</source>
            <translation>这里没有运行中的内容</translation>
        </message>
        <message>
            <source>Nothing runs here, and nothing starts until you resume</source>
            <translation>这里没有运行中的内容，恢复之前也不会启动任何内容</translation>
        </message>
        <message>
            <source>Nothing runs on this machine</source>
            <translation>本机没有运行中的内容</translation>
        </message>
        <message>
            <source>Nothing that a run, an application or a person still needs is touched.</source>
            <translation>运行、应用或人员仍需要的内容不会受影响。</translation>
        </message>
        <message>
            <source>Nothing waits for you</source>
            <translation>没有等待您处理的内容</translation>
        </message>
        <message>
            <source>Nothing waits. New code never starts here before you have allowed it.</source>
            <translation>没有等待处理的内容。新代码在您允许之前绝不会在这里启动。</translation>
        </message>
        <message>
            <source>Nothing was decided yet</source>
            <translation>还没有作出任何决定</translation>
        </message>
        <message>
            <source>Nothing was heard of it for a while. The run goes on at the round's deadline if its quorum holds.</source>
            <translation>已有一段时间没有它的消息。若满足法定数，运行会在本轮期限到达时继续。</translation>
        </message>
        <message>
            <source>Nothing was paused</source>
            <translation>没有可暂停的内容</translation>
        </message>
        <message>
            <source>Nothing was sent yet.</source>
            <translation>还没有发送任何内容。</translation>
        </message>
        <message>
            <source>Nothing: the whole folder goes in.</source>
            <translation>无：整个文件夹都会纳入。</translation>
        </message>
        <message>
            <source>Notifications</source>
            <translation>通知</translation>
        </message>
        <message>
            <source>Notifications, {count} not seen</source>
            <translation>通知，{count} 条未读</translation>
        </message>
        <message>
            <source>Nov</source>
            <translation>11月</translation>
        </message>
        <message>
            <source>Now</source>
            <translation>当前</translation>
        </message>
        <message>
            <source>Object store</source>
            <translation>对象存储</translation>
        </message>
        <message>
            <source>Oct</source>
            <translation>10月</translation>
        </message>
        <message>
            <source>Of CPU or GPU, whichever is hotter; jobs go on 5 °C below.</source>
            <translation>取 CPU 或 GPU 中较热者；低 5 °C 时作业继续。</translation>
        </message>
        <message>
            <source>Offline</source>
            <translation>离线</translation>
        </message>
        <message>
            <source>On</source>
            <translation>日期</translation>
        </message>
        <message>
            <source>On 127.0.0.1, this computer only; it goes on without a window.</source>
            <translation>位于 127.0.0.1，仅本计算机；窗口关闭后继续。</translation>
        </message>
        <message>
            <source>On this page</source>
            <translation>在此页面上</translation>
        </message>
        <message>
            <source>One Flower package, or a client and a server package that belong together.</source>
            <translation>一个 Flower 程序包，或互相配套的一个客户端与一个服务器程序包。</translation>
        </message>
        <message>
            <source>One file holds database, packages, models, logs and the hub's keys. Keep it as you keep a key.</source>
            <translation>一个文件包含数据库、程序包、模型、日志和中枢的密钥。请像保管密钥一样保管它。</translation>
        </message>
        <message>
            <source>Online</source>
            <translation>在线</translation>
        </message>
        <message>
            <source>Online · training</source>
            <translation>在线 · 训练中</translation>
        </message>
        <message>
            <source>Only at allowed hours</source>
            <translation>仅在允许的时段</translation>
        </message>
        <message>
            <source>Only at night</source>
            <translation>仅在夜间</translation>
        </message>
        <message>
            <source>Only for this e-mail address</source>
            <translation>仅限此电子邮件地址</translation>
        </message>
        <message>
            <source>Only on mains power</source>
            <translation>仅使用市电时</translation>
        </message>
        <message>
            <source>Only the hub's administrator sees its health and its people.</source>
            <translation>只有中枢管理员能查看其健康状况和人员。</translation>
        </message>
        <message>
            <source>Only these lines</source>
            <translation>仅这些行</translation>
        </message>
        <message>
            <source>Only this machine</source>
            <translation>仅本机</translation>
        </message>
        <message>
            <source>Only what differs</source>
            <translation>仅显示差异</translation>
        </message>
        <message>
            <source>Only while the machine is cool</source>
            <translation>仅在机器温度较低时</translation>
        </message>
        <message>
            <source>Open</source>
            <translation>打开</translation>
        </message>
        <message>
            <source>Open SiloDesk</source>
            <translation>打开 SiloDesk</translation>
        </message>
        <message>
            <source>Open a log of any size, or drop it here. It is read where it lies.</source>
            <translation>打开任意大小的日志，或拖放到这里。文件在原处读取。</translation>
        </message>
        <message>
            <source>Open approvals</source>
            <translation>打开审批</translation>
        </message>
        <message>
            <source>Open device</source>
            <translation>打开设备</translation>
        </message>
        <message>
            <source>Open invitations</source>
            <translation>待接受的邀请</translation>
        </message>
        <message>
            <source>Open log file</source>
            <translation>打开日志文件</translation>
        </message>
        <message>
            <source>Open log file…</source>
            <translation>打开日志文件…</translation>
        </message>
        <message>
            <source>Open logs</source>
            <translation>打开日志</translation>
        </message>
        <message>
            <source>Open projects</source>
            <translation>打开项目</translation>
        </message>
        <message>
            <source>Open run</source>
            <translation>打开运行</translation>
        </message>
        <message>
            <source>Open silodesk:// links with SiloDesk</source>
            <translation>用 SiloDesk 打开 silodesk:// 链接</translation>
        </message>
        <message>
            <source>Open the folder</source>
            <translation>打开文件夹</translation>
        </message>
        <message>
            <source>Open the run</source>
            <translation>打开运行</translation>
        </message>
        <message>
            <source>Open, or press the focused button</source>
            <translation>打开，或按下获得焦点的按钮</translation>
        </message>
        <message>
            <source>Operator</source>
            <translation>操作员</translation>
        </message>
        <message>
            <source>Operators run jobs on their site; scientists also start runs.</source>
            <translation>操作员在其站点运行作业；科研人员还可启动运行。</translation>
        </message>
        <message>
            <source>Order signed with key {key}, known since {date}</source>
            <translation>指令由密钥 {key} 签名，自 {date} 起已知</translation>
        </message>
        <message>
            <source>Order signed with key {key}, new on this machine</source>
            <translation>指令由密钥 {key} 签名，本机首次见到</translation>
        </message>
        <message>
            <source>Order signed with key {key}, which is not the one used before</source>
            <translation>指令由密钥 {key} 签名，与先前使用的不同</translation>
        </message>
        <message>
            <source>Other work</source>
            <translation>其他工作</translation>
        </message>
        <message>
            <source>Others see that it comes from you and that nobody changed it</source>
            <translation>他人可看出它来自您且未被改动</translation>
        </message>
        <message>
            <source>Our federation</source>
            <translation>我们的联邦</translation>
        </message>
        <message>
            <source>Outgoing connections only</source>
            <translation>仅有外发连接</translation>
        </message>
        <message>
            <source>Outside office hours</source>
            <translation>办公时间以外</translation>
        </message>
        <message>
            <source>Overview</source>
            <translation>概览</translation>
        </message>
        <message>
            <source>Overview of hits and errors</source>
            <translation>匹配与错误总览</translation>
        </message>
        <message>
            <source>Owner</source>
            <translation>所有者</translation>
        </message>
        <message>
            <source>PNG (*.png)</source>
            <translation>PNG (*.png)</translation>
        </message>
        <message>
            <source>Package</source>
            <translation>程序包</translation>
        </message>
        <message>
            <source>Package and fingerprint</source>
            <translation>程序包与指纹</translation>
        </message>
        <message>
            <source>Package content</source>
            <translation>程序包内容</translation>
        </message>
        <message>
            <source>Package files</source>
            <translation>程序包文件</translation>
        </message>
        <message>
            <source>Packages</source>
            <translation>程序包</translation>
        </message>
        <message>
            <source>Packages (*.zip)</source>
            <translation>程序包 (*.zip)</translation>
        </message>
        <message>
            <source>Packages that no application uses, older than a day</source>
            <translation>没有应用使用、超过一天的程序包</translation>
        </message>
        <message>
            <source>Pages</source>
            <translation>页面</translation>
        </message>
        <message>
            <source>Paint the hours in which jobs may work, or use arrows and Space.</source>
            <translation>涂画作业可以工作的时段，或使用方向键和空格键。</translation>
        </message>
        <message>
            <source>Parameter</source>
            <translation>参数</translation>
        </message>
        <message>
            <source>Parameter name</source>
            <translation>参数名称</translation>
        </message>
        <message>
            <source>Parameter value</source>
            <translation>参数值</translation>
        </message>
        <message>
            <source>Parameters</source>
            <translation>参数</translation>
        </message>
        <message>
            <source>Parquet table</source>
            <translation>Parquet 表</translation>
        </message>
        <message>
            <source>Part</source>
            <translation>角色</translation>
        </message>
        <message>
            <source>Pass</source>
            <translation>通过</translation>
        </message>
        <message>
            <source>Password</source>
            <translation>密码</translation>
        </message>
        <message>
            <source>Paste the link that you were sent.</source>
            <translation>请粘贴您收到的链接。</translation>
        </message>
        <message>
            <source>Path</source>
            <translation>路径</translation>
        </message>
        <message>
            <source>Pause</source>
            <translation>暂停</translation>
        </message>
        <message>
            <source>Pause above</source>
            <translation>超过则暂停</translation>
        </message>
        <message>
            <source>Pause all</source>
            <translation>全部暂停</translation>
        </message>
        <message>
            <source>Pause all at the end of the round</source>
            <translation>在本轮结束时全部暂停</translation>
        </message>
        <message>
            <source>Pause everything at the end of the round</source>
            <translation>在本轮结束时全部暂停</translation>
        </message>
        <message>
            <source>Paused</source>
            <translation>已暂停</translation>
        </message>
        <message>
            <source>Paused by {person}</source>
            <translation>由 {person} 暂停</translation>
        </message>
        <message>
            <source>Pauses at the end of this round. {reason}</source>
            <translation>本轮结束时暂停。{reason}</translation>
        </message>
        <message>
            <source>Pauses at the round's end</source>
            <translation>本轮结束时暂停</translation>
        </message>
        <message>
            <source>People</source>
            <translation>人员</translation>
        </message>
        <message>
            <source>Person</source>
            <translation>人员</translation>
        </message>
        <message>
            <source>Pickle</source>
            <translation>Pickle</translation>
        </message>
        <message>
            <source>Picture</source>
            <translation>图示</translation>
        </message>
        <message>
            <source>Picture as PNG…</source>
            <translation>导出 PNG 图片…</translation>
        </message>
        <message>
            <source>Picture saved</source>
            <translation>图片已保存</translation>
        </message>
        <message>
            <source>Picture: drop one here, or press Return to choose a file</source>
            <translation>图片：拖放到这里，或按回车选择文件</translation>
        </message>
        <message>
            <source>Pictures</source>
            <translation>图片</translation>
        </message>
        <message>
            <source>Place</source>
            <translation>位置</translation>
        </message>
        <message>
            <source>Place for secrets</source>
            <translation>机密存放处</translation>
        </message>
        <message>
            <source>Please allow these outgoing connections, without inspection:</source>
            <translation>请允许以下外发连接，且不作内容检查：</translation>
        </message>
        <message>
            <source>Point</source>
            <translation>数据点</translation>
        </message>
        <message>
            <source>Points as CSV…</source>
            <translation>导出 CSV 数据点…</translation>
        </message>
        <message>
            <source>Points as JSON…</source>
            <translation>导出 JSON 数据点…</translation>
        </message>
        <message>
            <source>Port</source>
            <translation>端口</translation>
        </message>
        <message>
            <source>Power and heat</source>
            <translation>电源与温度</translation>
        </message>
        <message>
            <source>Precision</source>
            <translation>精确率</translation>
        </message>
        <message>
            <source>Predict</source>
            <translation>预测</translation>
        </message>
        <message>
            <source>Prediction</source>
            <translation>预测结果</translation>
        </message>
        <message>
            <source>Predictions by row</source>
            <translation>逐行预测结果</translation>
        </message>
        <message>
            <source>Preview</source>
            <translation>预览</translation>
        </message>
        <message>
            <source>Preview package</source>
            <translation>预览程序包</translation>
        </message>
        <message>
            <source>Previous change</source>
            <translation>上一处变更</translation>
        </message>
        <message>
            <source>Previous hit</source>
            <translation>上一处匹配</translation>
        </message>
        <message>
            <source>Previous match</source>
            <translation>上一个匹配</translation>
        </message>
        <message>
            <source>Problem</source>
            <translation>问题</translation>
        </message>
        <message>
            <source>Processes</source>
            <translation>进程</translation>
        </message>
        <message>
            <source>Processor</source>
            <translation>处理器</translation>
        </message>
        <message>
            <source>Program</source>
            <translation>程序</translation>
        </message>
        <message>
            <source>Programs</source>
            <translation>程序</translation>
        </message>
        <message>
            <source>Progress</source>
            <translation>进度</translation>
        </message>
        <message>
            <source>Project</source>
            <translation>项目</translation>
        </message>
        <message>
            <source>Projects</source>
            <translation>项目</translation>
        </message>
        <message>
            <source>Proxy</source>
            <translation>代理服务器</translation>
        </message>
        <message>
            <source>Proxy settings</source>
            <translation>代理服务器设置</translation>
        </message>
        <message>
            <source>Queued</source>
            <translation>排队中</translation>
        </message>
        <message>
            <source>Quiet from</source>
            <translation>静默开始</translation>
        </message>
        <message>
            <source>Quiet hours</source>
            <translation>静默时段</translation>
        </message>
        <message>
            <source>Quiet until</source>
            <translation>静默结束</translation>
        </message>
        <message>
            <source>Quit both</source>
            <translation>两者都退出</translation>
        </message>
        <message>
            <source>Quit the agent too… (jobs go on unseen)</source>
            <translation>同时退出代理…（作业在后台继续）</translation>
        </message>
        <message>
            <source>Quit the window</source>
            <translation>退出窗口</translation>
        </message>
        <message>
            <source>Quit the window (agent and jobs go on)</source>
            <translation>退出窗口（代理和作业继续）</translation>
        </message>
        <message>
            <source>Quit the window and the agent?</source>
            <translation>退出窗口和代理？</translation>
        </message>
        <message>
            <source>Quit the window and the agent…</source>
            <translation>退出窗口和代理…</translation>
        </message>
        <message>
            <source>Quit the window; jobs go on</source>
            <translation>退出窗口；作业继续</translation>
        </message>
        <message>
            <source>Quit the window; the agent goes on</source>
            <translation>退出窗口；代理继续运行</translation>
        </message>
        <message>
            <source>Quorum</source>
            <translation>法定数</translation>
        </message>
        <message>
            <source>Raise budget...</source>
            <translation>提高预算…</translation>
        </message>
        <message>
            <source>Raw behind</source>
            <translation>显示原始曲线</translation>
        </message>
        <message>
            <source>Reachable from this computer only, for now</source>
            <translation>目前仅本计算机可访问</translation>
        </message>
        <message>
            <source>Read again</source>
            <translation>重新读取</translation>
        </message>
        <message>
            <source>Read older ones</source>
            <translation>读取更早的</translation>
        </message>
        <message>
            <source>Read these aloud to a partner: same words, same code.</source>
            <translation>可向伙伴念出这些词：词语相同，代码相同。</translation>
        </message>
        <message>
            <source>Read what is typed as a regular expression</source>
            <translation>将输入内容作为正则表达式</translation>
        </message>
        <message>
            <source>Reading the files</source>
            <translation>正在读取文件</translation>
        </message>
        <message>
            <source>Reading the folder …</source>
            <translation>正在读取文件夹…</translation>
        </message>
        <message>
            <source>Reading…</source>
            <translation>正在读取…</translation>
        </message>
        <message>
            <source>Reads {done} of {total}</source>
            <translation>读取 {total} 中的 {done}</translation>
        </message>
        <message>
            <source>Ready</source>
            <translation>就绪</translation>
        </message>
        <message>
            <source>Ready?</source>
            <translation>是否就绪</translation>
        </message>
        <message>
            <source>Reason</source>
            <translation>原因</translation>
        </message>
        <message>
            <source>Recall</source>
            <translation>召回率</translation>
        </message>
        <message>
            <source>Received</source>
            <translation>接收</translation>
        </message>
        <message>
            <source>Recent</source>
            <translation>最近</translation>
        </message>
        <message>
            <source>Reduce motion</source>
            <translation>减少动态效果</translation>
        </message>
        <message>
            <source>Refuse</source>
            <translation>拒绝</translation>
        </message>
        <message>
            <source>Refuse {name}?</source>
            <translation>拒绝 {name}？</translation>
        </message>
        <message>
            <source>Refuse...</source>
            <translation>拒绝…</translation>
        </message>
        <message>
            <source>Refused</source>
            <translation>已拒绝</translation>
        </message>
        <message>
            <source>Refused for run {run}.</source>
            <translation>已拒绝运行 {run}。</translation>
        </message>
        <message>
            <source>Register a folder or a file. Jobs that you approve see it read-only, and nothing else of this machine.</source>
            <translation>请登记文件夹或文件。您批准的作业以只读方式看到它，看不到本机的其他内容。</translation>
        </message>
        <message>
            <source>Remove</source>
            <translation>移除</translation>
        </message>
        <message>
            <source>Remove from group</source>
            <translation>移出群组</translation>
        </message>
        <message>
            <source>Rename</source>
            <translation>重命名</translation>
        </message>
        <message>
            <source>Rename device</source>
            <translation>重命名设备</translation>
        </message>
        <message>
            <source>Rename group</source>
            <translation>重命名群组</translation>
        </message>
        <message>
            <source>Rename run {id}</source>
            <translation>重命名运行 {id}</translation>
        </message>
        <message>
            <source>Rename the chosen device…</source>
            <translation>重命名所选设备…</translation>
        </message>
        <message>
            <source>Rename {name}</source>
            <translation>重命名 {name}</translation>
        </message>
        <message>
            <source>Rename…</source>
            <translation>重命名…</translation>
        </message>
        <message>
            <source>Research only, not for patient care</source>
            <translation>仅供研究，不用于患者诊疗</translation>
        </message>
        <message>
            <source>Restart</source>
            <translation>重启</translation>
        </message>
        <message>
            <source>Restart the hub?</source>
            <translation>重启中枢？</translation>
        </message>
        <message>
            <source>Restart...</source>
            <translation>重启…</translation>
        </message>
        <message>
            <source>Restarting</source>
            <translation>正在重启</translation>
        </message>
        <message>
            <source>Restore</source>
            <translation>恢复</translation>
        </message>
        <message>
            <source>Restore a hub</source>
            <translation>恢复中枢</translation>
        </message>
        <message>
            <source>Restore the hub from this backup?</source>
            <translation>从此备份恢复中枢？</translation>
        </message>
        <message>
            <source>Restore...</source>
            <translation>恢复…</translation>
        </message>
        <message>
            <source>Restoring</source>
            <translation>正在恢复</translation>
        </message>
        <message>
            <source>Result</source>
            <translation>结果</translation>
        </message>
        <message>
            <source>Results</source>
            <translation>结果</translation>
        </message>
        <message>
            <source>Resume</source>
            <translation>恢复</translation>
        </message>
        <message>
            <source>Resume all</source>
            <translation>全部恢复</translation>
        </message>
        <message>
            <source>Resume everything</source>
            <translation>全部恢复</translation>
        </message>
        <message>
            <source>Review</source>
            <translation>查看</translation>
        </message>
        <message>
            <source>Review {name}</source>
            <translation>查看 {name}</translation>
        </message>
        <message>
            <source>Revoke</source>
            <translation>撤销</translation>
        </message>
        <message>
            <source>Revoke {name}?</source>
            <translation>撤销 {name}？</translation>
        </message>
        <message>
            <source>Revoked</source>
            <translation>已撤销</translation>
        </message>
        <message>
            <source>Revoke…</source>
            <translation>撤销…</translation>
        </message>
        <message>
            <source>Role</source>
            <translation>角色</translation>
        </message>
        <message>
            <source>Round</source>
            <translation>轮次</translation>
        </message>
        <message>
            <source>Round deadline</source>
            <translation>每轮期限</translation>
        </message>
        <message>
            <source>Round time</source>
            <translation>每轮用时</translation>
        </message>
        <message>
            <source>Round {k}</source>
            <translation>第 {k} 轮</translation>
        </message>
        <message>
            <source>Round {k} of {n}</source>
            <translation>第 {k} 轮，共 {n} 轮</translation>
        </message>
        <message>
            <source>Round {number}: {seconds}, {answered} of {asked}, closed {how}</source>
            <translation>第 {number} 轮：{seconds}，{asked} 个中有 {answered} 个应答，{how}结束</translation>
        </message>
        <message>
            <source>Round {number}: {short_time} so far</source>
            <translation>第 {number} 轮：目前 {short_time}</translation>
        </message>
        <message>
            <source>Round {round}</source>
            <translation>第 {round} 轮</translation>
        </message>
        <message>
            <source>Rounds</source>
            <translation>轮次</translation>
        </message>
        <message>
            <source>Row</source>
            <translation>行</translation>
        </message>
        <message>
            <source>Rows</source>
            <translation>行</translation>
        </message>
        <message>
            <source>Run</source>
            <translation>运行</translation>
        </message>
        <message>
            <source>Run `silodesk demo` in a terminal; it says what is missing.</source>
            <translation>请在终端运行 `silodesk demo`；它会说明缺少什么。</translation>
        </message>
        <message>
            <source>Run `silodesk demo` in a terminal; it says what is missing. Code service.demo.</source>
            <translation>请在终端运行 `silodesk demo`；它会说明缺少什么。代码：service.demo。</translation>
        </message>
        <message>
            <source>Run again</source>
            <translation>再次运行</translation>
        </message>
        <message>
            <source>Run it here, without network</source>
            <translation>在此运行，无网络</translation>
        </message>
        <message>
            <source>Run {id}</source>
            <translation>运行 {id}</translation>
        </message>
        <message>
            <source>Run {id} archived</source>
            <translation>运行 {id} 已归档</translation>
        </message>
        <message>
            <source>Run {n}</source>
            <translation>运行 {n}</translation>
        </message>
        <message>
            <source>Run {n} waits for {site}</source>
            <translation>运行 {n} 正在等待 {site}</translation>
        </message>
        <message>
            <source>Run {n}: {state}</source>
            <translation>运行 {n}：{state}</translation>
        </message>
        <message>
            <source>Run {n}: {state}, round {round} of {rounds}</source>
            <translation>运行 {n}：{state}，第 {round} 轮，共 {rounds} 轮</translation>
        </message>
        <message>
            <source>Run {run}, its restarts included</source>
            <translation>运行 {run}，含其重新启动</translation>
        </message>
        <message>
            <source>Running</source>
            <translation>运行中</translation>
        </message>
        <message>
            <source>Running on this machine</source>
            <translation>本机上正在运行</translation>
        </message>
        <message>
            <source>Runs</source>
            <translation>运行</translation>
        </message>
        <message>
            <source>Runs of the group</source>
            <translation>群组的运行</translation>
        </message>
        <message>
            <source>Runs start faster; costs some hundred MB of memory.</source>
            <translation>运行启动更快；占用数百 MB 内存。</translation>
        </message>
        <message>
            <source>Runs wait until it is back; nothing that was sent is lost. Other machines cannot sign in meanwhile.</source>
            <translation>在它恢复之前运行会等待；已发送的内容不会丢失。其间其他机器无法登录。</translation>
        </message>
        <message>
            <source>Runtime</source>
            <translation>运行时</translation>
        </message>
        <message>
            <source>SHA-256</source>
            <translation>SHA-256</translation>
        </message>
        <message>
            <source>Same settings, the other half</source>
            <translation>相同设置的另一半</translation>
        </message>
        <message>
            <source>Sandbox</source>
            <translation>沙箱</translation>
        </message>
        <message>
            <source>Sandbox for jobs</source>
            <translation>作业沙箱</translation>
        </message>
        <message>
            <source>Sandbox: {kind}</source>
            <translation>沙箱：{kind}</translation>
        </message>
        <message>
            <source>Save</source>
            <translation>保存</translation>
        </message>
        <message>
            <source>Save as draft</source>
            <translation>存为草稿</translation>
        </message>
        <message>
            <source>Save letter to IT...</source>
            <translation>保存致 IT 部门的信函…</translation>
        </message>
        <message>
            <source>Save picture</source>
            <translation>保存图片</translation>
        </message>
        <message>
            <source>Save points</source>
            <translation>保存数据点</translation>
        </message>
        <message>
            <source>Save report</source>
            <translation>保存报告</translation>
        </message>
        <message>
            <source>Save rules</source>
            <translation>保存规则</translation>
        </message>
        <message>
            <source>Save system figures</source>
            <translation>保存系统数据</translation>
        </message>
        <message>
            <source>Save the lines shown</source>
            <translation>保存显示的行</translation>
        </message>
        <message>
            <source>Save the model</source>
            <translation>保存模型</translation>
        </message>
        <message>
            <source>Saved</source>
            <translation>已保存</translation>
        </message>
        <message>
            <source>Saved as safetensors, never as code. The hash is checked when you save.</source>
            <translation>保存为 safetensors，绝不保存为代码。保存时会核对哈希。</translation>
        </message>
        <message>
            <source>Save…</source>
            <translation>保存…</translation>
        </message>
        <message>
            <source>Scientist</source>
            <translation>科研人员</translation>
        </message>
        <message>
            <source>Search in the page</source>
            <translation>在页面中搜索</translation>
        </message>
        <message>
            <source>Search models</source>
            <translation>搜索模型</translation>
        </message>
        <message>
            <source>Search or run a command</source>
            <translation>搜索或执行命令</translation>
        </message>
        <message>
            <source>Search settings</source>
            <translation>搜索设置</translation>
        </message>
        <message>
            <source>Search, or run a command</source>
            <translation>搜索，或执行命令</translation>
        </message>
        <message>
            <source>Secrets</source>
            <translation>机密</translation>
        </message>
        <message>
            <source>Security gateway</source>
            <translation>安全网关</translation>
        </message>
        <message>
            <source>Seen here</source>
            <translation>在此出现于</translation>
        </message>
        <message>
            <source>Sends it to the hub, for runs of your group</source>
            <translation>发送到中枢，供您群组的运行使用</translation>
        </message>
        <message>
            <source>Sends model updates</source>
            <translation>发送模型更新</translation>
        </message>
        <message>
            <source>Sends {size} a round</source>
            <translation>每轮发送 {size}</translation>
        </message>
        <message>
            <source>Sends {size} to the hub.</source>
            <translation>向中枢发送 {size}。</translation>
        </message>
        <message>
            <source>Sent</source>
            <translation>发送</translation>
        </message>
        <message>
            <source>Sent by this silo</source>
            <translation>本站点发送量</translation>
        </message>
        <message>
            <source>Sent today: {size}</source>
            <translation>今日发送：{size}</translation>
        </message>
        <message>
            <source>Sent today: {size} of {budget}</source>
            <translation>今日发送：{size} / {budget}</translation>
        </message>
        <message>
            <source>Sep</source>
            <translation>9月</translation>
        </message>
        <message>
            <source>Serve on this machine</source>
            <translation>在本机提供服务</translation>
        </message>
        <message>
            <source>Server</source>
            <translation>服务器</translation>
        </message>
        <message>
            <source>Server job runs on</source>
            <translation>服务器作业运行于</translation>
        </message>
        <message>
            <source>Serves</source>
            <translation>用于</translation>
        </message>
        <message>
            <source>Set budget</source>
            <translation>设置预算</translation>
        </message>
        <message>
            <source>Set the password and sign in</source>
            <translation>设置密码并登录</translation>
        </message>
        <message>
            <source>Set up a hub</source>
            <translation>建立中枢</translation>
        </message>
        <message>
            <source>Set up {hub}</source>
            <translation>建立 {hub}</translation>
        </message>
        <message>
            <source>Settings</source>
            <translation>设置</translation>
        </message>
        <message>
            <source>Settings can change this later.</source>
            <translation>之后可在设置中更改。</translation>
        </message>
        <message>
            <source>Settings file</source>
            <translation>设置文件</translation>
        </message>
        <message>
            <source>Shared groups</source>
            <translation>共同群组</translation>
        </message>
        <message>
            <source>Show</source>
            <translation>查看</translation>
        </message>
        <message>
            <source>Show all (0)</source>
            <translation>显示全部 (0)</translation>
        </message>
        <message>
            <source>Show all keys</source>
            <translation>显示所有按键</translation>
        </message>
        <message>
            <source>Show all plots</source>
            <translation>显示所有图表</translation>
        </message>
        <message>
            <source>Show in folder</source>
            <translation>在文件夹中显示</translation>
        </message>
        <message>
            <source>Show its groups name, version, rows and number of columns</source>
            <translation>显示其群组、名称、版本、行数和列数</translation>
        </message>
        <message>
            <source>Show notifications</source>
            <translation>显示通知</translation>
        </message>
        <message>
            <source>Show only the lines in which it is found</source>
            <translation>仅显示找到内容的行</translation>
        </message>
        <message>
            <source>Show {name}</source>
            <translation>显示 {name}</translation>
        </message>
        <message>
            <source>Show {name}, {count}</source>
            <translation>显示 {name}，{count}</translation>
        </message>
        <message>
            <source>Show {title}</source>
            <translation>查看{title}</translation>
        </message>
        <message>
            <source>Shown is what was known {age} ago.</source>
            <translation>显示的是 {age}前的已知内容。</translation>
        </message>
        <message>
            <source>Sign in</source>
            <translation>登录</translation>
        </message>
        <message>
            <source>Sign in to a hub</source>
            <translation>登录中枢</translation>
        </message>
        <message>
            <source>Sign in to see what the hub tells its people.</source>
            <translation>请登录以查看中枢提供给其成员的信息。</translation>
        </message>
        <message>
            <source>Sign in to {hub}</source>
            <translation>登录 {hub}</translation>
        </message>
        <message>
            <source>Sign it with my key</source>
            <translation>用我的密钥签名</translation>
        </message>
        <message>
            <source>Sign out</source>
            <translation>退出登录</translation>
        </message>
        <message>
            <source>Sign out of this hub?</source>
            <translation>退出此中枢的登录？</translation>
        </message>
        <message>
            <source>Sign out…</source>
            <translation>退出登录…</translation>
        </message>
        <message>
            <source>Signed by</source>
            <translation>签名者</translation>
        </message>
        <message>
            <source>Signed out</source>
            <translation>已退出登录</translation>
        </message>
        <message>
            <source>Signer</source>
            <translation>签名者</translation>
        </message>
        <message>
            <source>Silent</source>
            <translation>无响应</translation>
        </message>
        <message>
            <source>Silent {age}</source>
            <translation>无响应 {age}</translation>
        </message>
        <message>
            <source>Silo</source>
            <translation>站点</translation>
        </message>
        <message>
            <source>SiloDesk does not start by itself any more</source>
            <translation>SiloDesk 不再自动启动</translation>
        </message>
        <message>
            <source>SiloDesk keeps running in the tray</source>
            <translation>SiloDesk 继续在托盘中运行</translation>
        </message>
        <message>
            <source>SiloDesk on this computer needs outgoing connections to the host below. Please allow them without opening the encryption. It accepts no connections from outside.</source>
            <translation>本计算机上的 SiloDesk 需要向下列主机建立外发连接。请予以允许，且不要解开加密。它不接受任何来自外部的连接。</translation>
        </message>
        <message>
            <source>SiloDesk starts when you sign in</source>
            <translation>登录时会启动 SiloDesk</translation>
        </message>
        <message>
            <source>SiloDesk stays a window here; closing it minimises or quits, as you choose.</source>
            <translation>SiloDesk 在这里保持为窗口；关闭时按您的选择最小化或退出。</translation>
        </message>
        <message>
            <source>SiloDesk {version}</source>
            <translation>SiloDesk {version}</translation>
        </message>
        <message>
            <source>SiloDesk: {state}, {text}</source>
            <translation>SiloDesk：{state}，{text}</translation>
        </message>
        <message>
            <source>Site</source>
            <translation>站点</translation>
        </message>
        <message>
            <source>Sites</source>
            <translation>站点</translation>
        </message>
        <message>
            <source>Sites and data</source>
            <translation>站点与数据</translation>
        </message>
        <message>
            <source>Sites in</source>
            <translation>在线站点</translation>
        </message>
        <message>
            <source>Sites report them while their job runs.</source>
            <translation>站点在其作业运行期间上报。</translation>
        </message>
        <message>
            <source>Size</source>
            <translation>大小</translation>
        </message>
        <message>
            <source>Smoothing</source>
            <translation>平滑</translation>
        </message>
        <message>
            <source>Somebody</source>
            <translation>某人</translation>
        </message>
        <message>
            <source>Someone sent you a link. This machine makes its own key and the hub never sees your data.</source>
            <translation>有人给您发来链接。本机生成自己的密钥，中枢从不接触您的数据。</translation>
        </message>
        <message>
            <source>Someone with an account sees the invitation in SiloDesk, without the link.</source>
            <translation>拥有账户的人无需链接即可在 SiloDesk 中看到邀请。</translation>
        </message>
        <message>
            <source>Something failed that should not have.</source>
            <translation>发生了不应发生的错误。</translation>
        </message>
        <message>
            <source>Source</source>
            <translation>源</translation>
        </message>
        <message>
            <source>Source folder</source>
            <translation>源文件夹</translation>
        </message>
        <message>
            <source>Start SiloDesk when I sign in</source>
            <translation>登录时启动 SiloDesk</translation>
        </message>
        <message>
            <source>Start a hub on this computer for a first federation. No cloud account.</source>
            <translation>在本计算机上为首个联邦启动中枢。无需云账户。</translation>
        </message>
        <message>
            <source>Start and close</source>
            <translation>启动与关闭</translation>
        </message>
        <message>
            <source>Start at log-in</source>
            <translation>登录时启动</translation>
        </message>
        <message>
            <source>Start it</source>
            <translation>启动</translation>
        </message>
        <message>
            <source>Start it now.</source>
            <translation>请立即启动。</translation>
        </message>
        <message>
            <source>Start now</source>
            <translation>立即启动</translation>
        </message>
        <message>
            <source>Start over</source>
            <translation>重新开始</translation>
        </message>
        <message>
            <source>Start run</source>
            <translation>启动运行</translation>
        </message>
        <message>
            <source>Start server</source>
            <translation>启动服务</translation>
        </message>
        <message>
            <source>Start the hub</source>
            <translation>启动中枢</translation>
        </message>
        <message>
            <source>Started</source>
            <translation>启动</translation>
        </message>
        <message>
            <source>Starting</source>
            <translation>正在启动</translation>
        </message>
        <message>
            <source>Starting the agent</source>
            <translation>正在启动代理</translation>
        </message>
        <message>
            <source>Starting the hub …</source>
            <translation>正在启动中枢…</translation>
        </message>
        <message>
            <source>Starting…</source>
            <translation>正在启动…</translation>
        </message>
        <message>
            <source>Starts the prediction server first.</source>
            <translation>会先启动预测服务。</translation>
        </message>
        <message>
            <source>State</source>
            <translation>状态</translation>
        </message>
        <message>
            <source>Stay in the tray</source>
            <translation>留在托盘中</translation>
        </message>
        <message>
            <source>Step</source>
            <translation>步</translation>
        </message>
        <message>
            <source>Step {k} of {n}: {title}</source>
            <translation>第 {k} 步，共 {n} 步：{title}</translation>
        </message>
        <message>
            <source>Step {n}</source>
            <translation>第 {n} 步</translation>
        </message>
        <message>
            <source>Stop all {count} jobs on this machine?</source>
            <translation>停止本机上全部 {count} 个作业？</translation>
        </message>
        <message>
            <source>Stop everything</source>
            <translation>全部停止</translation>
        </message>
        <message>
            <source>Stop everything now…</source>
            <translation>立即停止一切…</translation>
        </message>
        <message>
            <source>Stop everything on this machine…</source>
            <translation>停止本机上的一切…</translation>
        </message>
        <message>
            <source>Stop reading</source>
            <translation>停止读取</translation>
        </message>
        <message>
            <source>Stop run {id} on this machine?</source>
            <translation>停止本机上的运行 {id}？</translation>
        </message>
        <message>
            <source>Stop run {id}, {name}?</source>
            <translation>停止运行 {id}（{name}）？</translation>
        </message>
        <message>
            <source>Stop searching</source>
            <translation>停止查找</translation>
        </message>
        <message>
            <source>Stop serving</source>
            <translation>停止服务</translation>
        </message>
        <message>
            <source>Stop the hub</source>
            <translation>停止中枢</translation>
        </message>
        <message>
            <source>Stop the hub first</source>
            <translation>请先停止中枢</translation>
        </message>
        <message>
            <source>Stop the hub...</source>
            <translation>停止中枢…</translation>
        </message>
        <message>
            <source>Stop the hub?</source>
            <translation>停止中枢？</translation>
        </message>
        <message>
            <source>Stop the job on this machine?</source>
            <translation>停止本机上的作业？</translation>
        </message>
        <message>
            <source>Stop the run</source>
            <translation>停止运行</translation>
        </message>
        <message>
            <source>Stop this job</source>
            <translation>停止此作业</translation>
        </message>
        <message>
            <source>Stop...</source>
            <translation>停止…</translation>
        </message>
        <message>
            <source>Stopped</source>
            <translation>已停止</translation>
        </message>
        <message>
            <source>Stopped from the run's page</source>
            <translation>从运行页面停止</translation>
        </message>
        <message>
            <source>Stopping</source>
            <translation>正在停止</translation>
        </message>
        <message>
            <source>Stopping {count} job</source>
            <translation>正在停止 {count} 个作业</translation>
        </message>
        <message>
            <source>Stopping {count} jobs</source>
            <translation>正在停止 {count} 个作业</translation>
        </message>
        <message>
            <source>Stop…</source>
            <translation>停止…</translation>
        </message>
        <message>
            <source>Storage</source>
            <translation>存储</translation>
        </message>
        <message>
            <source>Store</source>
            <translation>存储</translation>
        </message>
        <message>
            <source>Swap dark and light, for dark ink on white paper</source>
            <translation>交换明暗，用于白纸黑字</translation>
        </message>
        <message>
            <source>System</source>
            <translation>系统</translation>
        </message>
        <message>
            <source>System follows your desktop.</source>
            <translation>“系统”跟随您的桌面。</translation>
        </message>
        <message>
            <source>Table</source>
            <translation>表格</translation>
        </message>
        <message>
            <source>Take out of the archive</source>
            <translation>取消归档</translation>
        </message>
        <message>
            <source>Take the administrator's role...</source>
            <translation>收回管理员角色…</translation>
        </message>
        <message>
            <source>Take the role</source>
            <translation>收回角色</translation>
        </message>
        <message>
            <source>Take the role from {name}?</source>
            <translation>收回 {name} 的角色？</translation>
        </message>
        <message>
            <source>Tensors of runs</source>
            <translation>运行的张量</translation>
        </message>
        <message>
            <source>Tensors of runs that ended more than an hour ago</source>
            <translation>结束超过一小时的运行的张量</translation>
        </message>
        <message>
            <source>Test accuracy</source>
            <translation>测试准确率</translation>
        </message>
        <message>
            <source>Test loss</source>
            <translation>测试损失</translation>
        </message>
        <message>
            <source>Text (*.log *.txt)</source>
            <translation>文本 (*.log *.txt)</translation>
        </message>
        <message>
            <source>Text run as code</source>
            <translation>作为代码执行的文本</translation>
        </message>
        <message>
            <source>The account comes with the link</source>
            <translation>账户随链接提供</translation>
        </message>
        <message>
            <source>The account itself stays as it is.</source>
            <translation>账户本身保持不变。</translation>
        </message>
        <message>
            <source>The agent and its jobs go on in every case.</source>
            <translation>无论哪种情况，代理及其作业都会继续。</translation>
        </message>
        <message>
            <source>The agent and its tray icon start when you sign in to this computer.</source>
            <translation>登录此计算机时，代理及其托盘图标会启动。</translation>
        </message>
        <message>
            <source>The agent does not answer</source>
            <translation>代理没有应答</translation>
        </message>
        <message>
            <source>The agent does not answer. {age} ago the model was not served.</source>
            <translation>代理没有应答。{age}前该模型未提供服务。</translation>
        </message>
        <message>
            <source>The agent does not answer. {age} ago the model was served.</source>
            <translation>代理没有应答。{age}前该模型正在提供服务。</translation>
        </message>
        <message>
            <source>The agent fetches and checks the code. {age} so far.</source>
            <translation>代理正在获取并检查代码。已用 {age}。</translation>
        </message>
        <message>
            <source>The agent needs a place for this machine's key and the sign-in. The file would be {file}, readable by your account only. Whoever can read your files can then act as this silo; a keyring is safer.</source>
            <translation>代理需要一处存放本机密钥和登录信息的地方。该文件为 {file}，仅您的账户可读。能读取您文件的人就能以本站点的身份行事；密钥环更安全。</translation>
        </message>
        <message>
            <source>The agent of this machine does not answer</source>
            <translation>本机的代理没有应答</translation>
        </message>
        <message>
            <source>The agent waits for a place for this silo's secrets</source>
            <translation>代理正在等待存放本站点机密的地方</translation>
        </message>
        <message>
            <source>The app's pyproject.toml is shown here.</source>
            <translation>这里显示应用的 pyproject.toml。</translation>
        </message>
        <message>
            <source>The application is being made; that cannot be cancelled.</source>
            <translation>正在创建应用，此步骤无法取消。</translation>
        </message>
        <message>
            <source>The application runs with its own values.</source>
            <translation>应用以其自身的值运行。</translation>
        </message>
        <message>
            <source>The application's own values.</source>
            <translation>应用自身的值。</translation>
        </message>
        <message>
            <source>The approval of {name} was revoked</source>
            <translation>{name} 的批准已撤销</translation>
        </message>
        <message>
            <source>The approved version is not kept here; whole files are shown</source>
            <translation>批准的版本未保留在此；显示完整文件</translation>
        </message>
        <message>
            <source>The checks are running.</source>
            <translation>正在检查。</translation>
        </message>
        <message>
            <source>The code of the run raised an error</source>
            <translation>运行的代码抛出了错误</translation>
        </message>
        <message>
            <source>The config folder's fedml_config.yaml is shown here.</source>
            <translation>这里显示配置文件夹的 fedml_config.yaml。</translation>
        </message>
        <message>
            <source>The declared column is there</source>
            <translation>声明的列已具备</translation>
        </message>
        <message>
            <source>The demo could not be started: {strerror}.</source>
            <translation>演示无法启动：{strerror}。</translation>
        </message>
        <message>
            <source>The demo ended at once.</source>
            <translation>演示随即结束。</translation>
        </message>
        <message>
            <source>The demo is starting</source>
            <translation>演示正在启动</translation>
        </message>
        <message>
            <source>The device stays bound and its jobs go on. Sign in again to start runs.</source>
            <translation>设备保持绑定，其作业照常进行。再次登录即可启动运行。</translation>
        </message>
        <message>
            <source>The file is empty.</source>
            <translation>文件为空。</translation>
        </message>
        <message>
            <source>The files could not be read</source>
            <translation>文件无法读取</translation>
        </message>
        <message>
            <source>The first bar appears when round 1 begins.</source>
            <translation>第 1 轮开始时出现第一根柱形。</translation>
        </message>
        <message>
            <source>The first one appears when round 1 closes.</source>
            <translation>第 1 轮结束时出现第一个。</translation>
        </message>
        <message>
            <source>The first one was shown at its start.</source>
            <translation>第一个令牌在启动时已显示。</translation>
        </message>
        <message>
            <source>The first ones come with round 1.</source>
            <translation>第 1 轮会带来首批数据点。</translation>
        </message>
        <message>
            <source>The first {count} selected lines were copied.</source>
            <translation>已复制所选的前 {count} 行。</translation>
        </message>
        <message>
            <source>The former one is in {folder}.</source>
            <translation>先前的位于 {folder}。</translation>
        </message>
        <message>
            <source>The group has a project of this name already.</source>
            <translation>群组中已有此名称的项目。</translation>
        </message>
        <message>
            <source>The group has no application yet. Upload a package under Applications.</source>
            <translation>群组还没有应用。请在“应用”中上传程序包。</translation>
        </message>
        <message>
            <source>The hours may pass midnight.</source>
            <translation>时段可跨越午夜。</translation>
        </message>
        <message>
            <source>The hub becomes what {path} holds.</source>
            <translation>中枢将变为 {path} 中的内容。</translation>
        </message>
        <message>
            <source>The hub is backed up</source>
            <translation>中枢已备份</translation>
        </message>
        <message>
            <source>The hub is restored</source>
            <translation>中枢已恢复</translation>
        </message>
        <message>
            <source>The hub's administrator sent you this link. It works once.</source>
            <translation>中枢管理员向您发送了此链接。它限用一次。</translation>
        </message>
        <message>
            <source>The icon shows what this machine does and when a run needs your decision. A click on it, or starting SiloDesk again, brings this window back.</source>
            <translation>图标会显示本机在做什么，以及何时有运行需要您决定。单击图标或再次启动 SiloDesk，即可恢复此窗口。</translation>
        </message>
        <message>
            <source>The invitation of {whom} is open again</source>
            <translation>{whom} 的邀请已恢复</translation>
        </message>
        <message>
            <source>The invitation of {whom} was revoked</source>
            <translation>{whom} 的邀请已撤销</translation>
        </message>
        <message>
            <source>The invitation was declined</source>
            <translation>已拒绝邀请</translation>
        </message>
        <message>
            <source>The invitation was revoked</source>
            <translation>邀请已撤销</translation>
        </message>
        <message>
            <source>The job ends within 10 s and what it had not sent is lost. Other silos go on if the run's quorum still holds.</source>
            <translation>作业会在 10 秒内结束，尚未发送的内容将丢失。若仍满足运行的法定数，其他站点会继续。</translation>
        </message>
        <message>
            <source>The job sees no file of this machine</source>
            <translation>作业看不到本机的任何文件</translation>
        </message>
        <message>
            <source>The letter is on the clipboard</source>
            <translation>信函已复制到剪贴板</translation>
        </message>
        <message>
            <source>The link can be used once. Whoever opens it joins with the role you choose.</source>
            <translation>链接限用一次。打开它的人将以您选择的角色加入。</translation>
        </message>
        <message>
            <source>The link for {name} is on the clipboard</source>
            <translation>{name} 的链接已复制到剪贴板</translation>
        </message>
        <message>
            <source>The model is made by the package's own code, and no standing approval covers it. Your yes holds for this content and this time only, and is recorded.</source>
            <translation>模型由程序包自身的代码生成，而没有涵盖它的长期审批。您的同意仅适用于此内容和这一次，并会记录。</translation>
        </message>
        <message>
            <source>The package declares that it needs: {columns}</source>
            <translation>程序包声明需要：{columns}</translation>
        </message>
        <message>
            <source>The package has no parameter of this name. Did you mean {name}?</source>
            <translation>程序包没有此名称的参数。您是指 {name} 吗？</translation>
        </message>
        <message>
            <source>The package has no parameter of this name. It may be ignored.</source>
            <translation>程序包没有此名称的参数。它可能被忽略。</translation>
        </message>
        <message>
            <source>The package is {size}</source>
            <translation>程序包为 {size}</translation>
        </message>
        <message>
            <source>The password stays with the hub</source>
            <translation>密码保留在中枢</translation>
        </message>
        <message>
            <source>The picture could not be saved</source>
            <translation>图片无法保存</translation>
        </message>
        <message>
            <source>The present one is set aside in its folder, never deleted.</source>
            <translation>当前的中枢会搁置在其文件夹中，绝不删除。</translation>
        </message>
        <message>
            <source>The rules were not changed</source>
            <translation>规则未更改</translation>
        </message>
        <message>
            <source>The run could not be read</source>
            <translation>运行无法读取</translation>
        </message>
        <message>
            <source>The run ended before a job reported a metric.</source>
            <translation>运行在作业上报指标之前已结束。</translation>
        </message>
        <message>
            <source>The run ended without a line.</source>
            <translation>运行结束时没有任何日志行。</translation>
        </message>
        <message>
            <source>The run failed</source>
            <translation>运行失败</translation>
        </message>
        <message>
            <source>The run was stopped</source>
            <translation>运行已停止</translation>
        </message>
        <message>
            <source>The run was stopped by {person}</source>
            <translation>运行由 {person} 停止</translation>
        </message>
        <message>
            <source>The runs have the same parameters.</source>
            <translation>这些运行的参数相同。</translation>
        </message>
        <message>
            <source>The same code as your last approval.</source>
            <translation>与您上次批准的代码相同。</translation>
        </message>
        <message>
            <source>The same folder always gives the same fingerprint, on any computer.</source>
            <translation>同一文件夹在任何计算机上都得到相同的指纹。</translation>
        </message>
        <message>
            <source>The settings could not be read</source>
            <translation>无法读取设置</translation>
        </message>
        <message>
            <source>The short fingerprint of this device's key</source>
            <translation>此设备密钥的短指纹</translation>
        </message>
        <message>
            <source>The sign-in stays on this computer</source>
            <translation>登录信息保留在本计算机上</translation>
        </message>
        <message>
            <source>The tray of this desktop is gone</source>
            <translation>此桌面的托盘已消失</translation>
        </message>
        <message>
            <source>The way to the hub</source>
            <translation>通往中枢的路径</translation>
        </message>
        <message>
            <source>The weights go from the hub and its store, for every member of the group. Curves and logs stay. Copies that were saved elsewhere stay too.</source>
            <translation>权重将从中枢及其存储中删除，对群组所有成员生效。曲线和日志保留。已另存的副本也保留。</translation>
        </message>
        <message>
            <source>The window changes at once.</source>
            <translation>窗口会立即更改。</translation>
        </message>
        <message>
            <source>The window is back, so that SiloDesk does not disappear.</source>
            <translation>窗口已恢复，以免 SiloDesk 从视线中消失。</translation>
        </message>
        <message>
            <source>Theme</source>
            <translation>主题</translation>
        </message>
        <message>
            <source>Theme: {name}</source>
            <translation>主题：{name}</translation>
        </message>
        <message>
            <source>There is no line yet.</source>
            <translation>还没有日志行。</translation>
        </message>
        <message>
            <source>There is no package {path}.</source>
            <translation>没有程序包 {path}。</translation>
        </message>
        <message>
            <source>There is no sandbox here: what a job sends by itself is not counted.</source>
            <translation>此处没有沙箱：作业自行发送的内容不会被计量。</translation>
        </message>
        <message>
            <source>There is no switch to ignore certificates.</source>
            <translation>没有忽略证书的开关。</translation>
        </message>
        <message>
            <source>There is nothing to show as a table</source>
            <translation>没有可显示为表格的内容</translation>
        </message>
        <message>
            <source>These packages ({kinds}) do not make an application.</source>
            <translation>这些程序包（{kinds}）不能组成应用。</translation>
        </message>
        <message>
            <source>These settings may be old</source>
            <translation>这些设置可能不是最新的</translation>
        </message>
        <message>
            <source>This computer</source>
            <translation>本计算机</translation>
        </message>
        <message>
            <source>This computer has no keyring that keeps them encrypted, or it is locked.</source>
            <translation>此计算机没有可加密保存它们的密钥环，或密钥环已锁定。</translation>
        </message>
        <message>
            <source>This desktop has no tray: minimise or quit?</source>
            <translation>此桌面没有托盘：最小化还是退出？</translation>
        </message>
        <message>
            <source>This expression looks ahead, behind or back, which can take without end.</source>
            <translation>此表达式使用了前瞻、后顾或反向引用，可能永远不会结束。</translation>
        </message>
        <message>
            <source>This hub has no account yet. The first one is its administrator.</source>
            <translation>此中枢还没有账户。第一个账户即为管理员。</translation>
        </message>
        <message>
            <source>This is not a regular expression: {msg}.</source>
            <translation>这不是正则表达式：{msg}。</translation>
        </message>
        <message>
            <source>This is not an address. Use hub.example.org or http://127.0.0.1:8430, for example.</source>
            <translation>这不是地址。例如可用 hub.example.org 或 http://127.0.0.1:8430。</translation>
        </message>
        <message>
            <source>This is not an invitation link. It begins with silodesk://join?</source>
            <translation>这不是邀请链接。链接以 silodesk://join? 开头</translation>
        </message>
        <message>
            <source>This machine</source>
            <translation>本机</translation>
        </message>
        <message>
            <source>This machine combines the updates of this run</source>
            <translation>本机合并此运行的更新</translation>
        </message>
        <message>
            <source>This machine is in</source>
            <translation>本机已加入</translation>
        </message>
        <message>
            <source>This machine leaves the federation until the agent runs again.</source>
            <translation>在代理再次运行之前，本机离开联邦。</translation>
        </message>
        <message>
            <source>This machine leaves the federation until the agent runs again. Jobs go on behind their keepers and keep what they send; nothing new starts, and no decision reaches you.</source>
            <translation>在代理再次运行之前，本机离开联邦。作业在其守护进程后继续，并保留要发送的内容；不会启动新作业，也不会有决定送达您。</translation>
        </message>
        <message>
            <source>This model cannot be tried</source>
            <translation>无法试用此模型</translation>
        </message>
        <message>
            <source>This sheet</source>
            <translation>此列表</translation>
        </message>
        <message>
            <source>This silo</source>
            <translation>本站点</translation>
        </message>
        <message>
            <source>This start of run {run} only</source>
            <translation>仅运行 {run} 的这次启动</translation>
        </message>
        <message>
            <source>Tick runs in a project's list, or choose them here.</source>
            <translation>在项目列表中勾选运行，或在这里选择。</translation>
        </message>
        <message>
            <source>Tick two runs or more, with the mouse or the space bar</source>
            <translation>用鼠标或空格键勾选两个或更多运行</translation>
        </message>
        <message>
            <source>Time</source>
            <translation>时间</translation>
        </message>
        <message>
            <source>To</source>
            <translation>至</translation>
        </message>
        <message>
            <source>To the IT department</source>
            <translation>致 IT 部门</translation>
        </message>
        <message>
            <source>Today's budget of {size} is used up: jobs pause until midnight.</source>
            <translation>今日预算 {size} 已用完：作业暂停到午夜。</translation>
        </message>
        <message>
            <source>Told</source>
            <translation>告知内容</translation>
        </message>
        <message>
            <source>Took</source>
            <translation>用时</translation>
        </message>
        <message>
            <source>Tools</source>
            <translation>工具</translation>
        </message>
        <message>
            <source>Topology</source>
            <translation>拓扑</translation>
        </message>
        <message>
            <source>Topology as a table</source>
            <translation>拓扑表格</translation>
        </message>
        <message>
            <source>TorchScript. {why}</source>
            <translation>TorchScript。{why}</translation>
        </message>
        <message>
            <source>Train accuracy</source>
            <translation>训练准确率</translation>
        </message>
        <message>
            <source>Train loss</source>
            <translation>训练损失</translation>
        </message>
        <message>
            <source>Train models together. Your data stays on this computer.</source>
            <translation>共同训练模型。您的数据留在本计算机上。</translation>
        </message>
        <message>
            <source>Training</source>
            <translation>训练中</translation>
        </message>
        <message>
            <source>Trains at each silo</source>
            <translation>在每个站点训练</translation>
        </message>
        <message>
            <source>Trains on this silo's data; only updates and metrics leave</source>
            <translation>用本站点的数据训练；只有更新和指标离开</translation>
        </message>
        <message>
            <source>Try again</source>
            <translation>重试</translation>
        </message>
        <message>
            <source>Try and serve</source>
            <translation>试用与服务</translation>
        </message>
        <message>
            <source>Try another word, or clear the search.</source>
            <translation>请换一个词，或清除搜索。</translation>
        </message>
        <message>
            <source>Try the demo</source>
            <translation>试用演示</translation>
        </message>
        <message>
            <source>Try the keyring again</source>
            <translation>再次尝试密钥环</translation>
        </message>
        <message>
            <source>Type</source>
            <translation>类型</translation>
        </message>
        <message>
            <source>Type a time such as 14:05, or 2026-05-04 14:05.</source>
            <translation>请输入时间，如 14:05 或 2026-05-04 14:05。</translation>
        </message>
        <message>
            <source>Type an e-mail address, you@example.org.</source>
            <translation>请输入电子邮件地址，如 you@example.org。</translation>
        </message>
        <message>
            <source>Type the hub's address, hub.example.org for example.</source>
            <translation>请输入中枢地址，例如 hub.example.org。</translation>
        </message>
        <message>
            <source>Type your name, as your partners know it.</source>
            <translation>请输入伙伴认识的您的姓名。</translation>
        </message>
        <message>
            <source>Type your password.</source>
            <translation>请输入您的密码。</translation>
        </message>
        <message>
            <source>Type {n} to delete them</source>
            <translation>输入 {n} 以删除</translation>
        </message>
        <message>
            <source>Type {n}.</source>
            <translation>请输入 {n}。</translation>
        </message>
        <message>
            <source>Type, folder, entry, config</source>
            <translation>类型、文件夹、入口、配置</translation>
        </message>
        <message>
            <source>Unbind</source>
            <translation>解除绑定</translation>
        </message>
        <message>
            <source>Unbind this machine from the hub?</source>
            <translation>解除本机与中枢的绑定？</translation>
        </message>
        <message>
            <source>Unbind this machine...</source>
            <translation>解除本机的绑定…</translation>
        </message>
        <message>
            <source>Unbind this machine?</source>
            <translation>解除本机的绑定？</translation>
        </message>
        <message>
            <source>Unbind…</source>
            <translation>解除绑定…</translation>
        </message>
        <message>
            <source>Undo</source>
            <translation>撤销</translation>
        </message>
        <message>
            <source>Unknown</source>
            <translation>未知</translation>
        </message>
        <message>
            <source>Unlock the keyring, or allow a file; until then this machine cannot join a hub.</source>
            <translation>请解锁密钥环，或允许使用文件；在此之前本机无法加入中枢。</translation>
        </message>
        <message>
            <source>Until</source>
            <translation>至</translation>
        </message>
        <message>
            <source>Up</source>
            <translation>运行中</translation>
        </message>
        <message>
            <source>Up and Down choose · Enter opens · Esc closes</source>
            <translation>上下键选择 · Enter 打开 · Esc 关闭</translation>
        </message>
        <message>
            <source>Up to {count} runs are compared at once</source>
            <translation>一次最多比较 {count} 个运行</translation>
        </message>
        <message>
            <source>Up to {count} runs of this group, of any project.</source>
            <translation>此群组任意项目中最多 {count} 个运行。</translation>
        </message>
        <message>
            <source>Upgrading</source>
            <translation>升级中</translation>
        </message>
        <message>
            <source>Upload</source>
            <translation>上传</translation>
        </message>
        <message>
            <source>Upload as an application</source>
            <translation>上传为应用</translation>
        </message>
        <message>
            <source>Upload packages</source>
            <translation>上传程序包</translation>
        </message>
        <message>
            <source>Upload package…</source>
            <translation>上传程序包…</translation>
        </message>
        <message>
            <source>Uploaded</source>
            <translation>上传时间</translation>
        </message>
        <message>
            <source>Uploading</source>
            <translation>正在上传</translation>
        </message>
        <message>
            <source>Uploading …</source>
            <translation>正在上传…</translation>
        </message>
        <message>
            <source>Uploads that go on</source>
            <translation>进行中的上传</translation>
        </message>
        <message>
            <source>Uploads that were never finished, older than a day</source>
            <translation>未完成、超过一天的上传</translation>
        </message>
        <message>
            <source>Use a file</source>
            <translation>使用文件</translation>
        </message>
        <message>
            <source>Use at least {count} characters; a few words are easiest.</source>
            <translation>请至少使用 {count} 个字符；几个词最简便。</translation>
        </message>
        <message>
            <source>Val accuracy</source>
            <translation>验证准确率</translation>
        </message>
        <message>
            <source>Val loss</source>
            <translation>验证损失</translation>
        </message>
        <message>
            <source>Valid for</source>
            <translation>有效期</translation>
        </message>
        <message>
            <source>Values as a table</source>
            <translation>数值表格</translation>
        </message>
        <message>
            <source>Values of the curves</source>
            <translation>曲线数值</translation>
        </message>
        <message>
            <source>Verified</source>
            <translation>已验证</translation>
        </message>
        <message>
            <source>Version</source>
            <translation>版本</translation>
        </message>
        <message>
            <source>Version {number}</source>
            <translation>版本 {number}</translation>
        </message>
        <message>
            <source>Versions</source>
            <translation>版本</translation>
        </message>
        <message>
            <source>WDBC breast cancer</source>
            <translation>WDBC 乳腺癌</translation>
        </message>
        <message>
            <source>Waiting</source>
            <translation>等待中</translation>
        </message>
        <message>
            <source>Waiting for your decision</source>
            <translation>等待您的决定</translation>
        </message>
        <message>
            <source>Waits</source>
            <translation>等待中</translation>
        </message>
        <message>
            <source>Waits for approval</source>
            <translation>等待审批</translation>
        </message>
        <message>
            <source>Warning</source>
            <translation>警告</translation>
        </message>
        <message>
            <source>Warnings, errors</source>
            <translation>警告和错误</translation>
        </message>
        <message>
            <source>Welcome</source>
            <translation>欢迎</translation>
        </message>
        <message>
            <source>Welcome to SiloDesk</source>
            <translation>欢迎使用 SiloDesk</translation>
        </message>
        <message>
            <source>What changed, for your partners</source>
            <translation>有何变化，供您的伙伴了解</translation>
        </message>
        <message>
            <source>What contains it</source>
            <translation>隔离手段</translation>
        </message>
        <message>
            <source>What it is for</source>
            <translation>用途说明</translation>
        </message>
        <message>
            <source>What it sends and how long it takes is unknown before its first run</source>
            <translation>其发送量和用时在首次运行前未知</translation>
        </message>
        <message>
            <source>What it wants</source>
            <translation>它需要什么</translation>
        </message>
        <message>
            <source>What leaves this machine about it</source>
            <translation>离开本机的相关信息</translation>
        </message>
        <message>
            <source>What left this machine today</source>
            <translation>今日离开本机的内容</translation>
        </message>
        <message>
            <source>What others will get</source>
            <translation>他人将得到的内容</translation>
        </message>
        <message>
            <source>What the connection doctor found:</source>
            <translation>连接诊断的发现：</translation>
        </message>
        <message>
            <source>What would have to change</source>
            <translation>需要改变什么</translation>
        </message>
        <message>
            <source>When</source>
            <translation>时间</translation>
        </message>
        <message>
            <source>When a site is slow or silent</source>
            <translation>当某站点缓慢或无响应时</translation>
        </message>
        <message>
            <source>When this round ends, at every site; the deadline waits too</source>
            <translation>本轮结束时，所有站点；期限同样等待</translation>
        </message>
        <message>
            <source>Where each site is</source>
            <translation>各站点进度</translation>
        </message>
        <message>
            <source>Where it comes from</source>
            <translation>来源</translation>
        </message>
        <message>
            <source>Who</source>
            <translation>发起者</translation>
        </message>
        <message>
            <source>Who may use it</source>
            <translation>谁可使用</translation>
        </message>
        <message>
            <source>Whoever sent it sees that you declined.</source>
            <translation>邀请人会看到您已拒绝。</translation>
        </message>
        <message>
            <source>Whole run</source>
            <translation>整个运行</translation>
        </message>
        <message>
            <source>Why</source>
            <translation>原因</translation>
        </message>
        <message>
            <source>Why?</source>
            <translation>为什么？</translation>
        </message>
        <message>
            <source>Withdrawn</source>
            <translation>已撤回</translation>
        </message>
        <message>
            <source>Withdrawn for run {run}; it needs no answer any more.</source>
            <translation>运行 {run} 已撤回；无需再答复。</translation>
        </message>
        <message>
            <source>Working</source>
            <translation>工作中</translation>
        </message>
        <message>
            <source>Working on</source>
            <translation>正在处理</translation>
        </message>
        <message>
            <source>Write a reason, one sentence is enough.</source>
            <translation>请写明原因，一句话即可。</translation>
        </message>
        <message>
            <source>Write it as name@example.org, or leave it empty.</source>
            <translation>请写成 name@example.org 的形式，或留空。</translation>
        </message>
        <message>
            <source>Write it without (?=…), (?&lt;=…) and \1.</source>
            <translation>请不要使用 (?=…)、(?&lt;=…) 和 \1。</translation>
        </message>
        <message>
            <source>Yesterday</source>
            <translation>昨天</translation>
        </message>
        <message>
            <source>You</source>
            <translation>您</translation>
        </message>
        <message>
            <source>You already have an account on a hub that your organisation or partner runs.</source>
            <translation>您在贵机构或伙伴运营的中枢上已有账户。</translation>
        </message>
        <message>
            <source>You are a member of {group}</source>
            <translation>您是 {group} 的成员</translation>
        </message>
        <message>
            <source>You are in a group of this name already.</source>
            <translation>您已在同名的群组中。</translation>
        </message>
        <message>
            <source>You are in no group yet</source>
            <translation>您还不在任何群组中</translation>
        </message>
        <message>
            <source>You are in no group yet. Join one by a link, or make one first.</source>
            <translation>您还不在任何群组中。请先凭链接加入，或新建一个。</translation>
        </message>
        <message>
            <source>You are in no group yet. Join or make one first.</source>
            <translation>您还不在任何群组中。请先加入或新建一个。</translation>
        </message>
        <message>
            <source>You are its administrator</source>
            <translation>您是其管理员</translation>
        </message>
        <message>
            <source>Your approval covers</source>
            <translation>您的批准适用于</translation>
        </message>
        <message>
            <source>Your devices leave with you and stop their parts in its runs. Its projects, curves and models are closed to you at once.</source>
            <translation>您的设备随您离开，并停止其在运行中的部分。其项目、曲线和模型立即对您关闭。</translation>
        </message>
        <message>
            <source>Your hospital, lab or department. Others see it once this machine is bound again.</source>
            <translation>您的医院、实验室或部门。本机再次绑定后他人可见。</translation>
        </message>
        <message>
            <source>Your hospital, lab or department; others see it.</source>
            <translation>您的医院、实验室或部门；他人可见。</translation>
        </message>
        <message>
            <source>Your name</source>
            <translation>您的姓名</translation>
        </message>
        <message>
            <source>Your role</source>
            <translation>您的角色</translation>
        </message>
        <message>
            <source>a backslash stands at the end</source>
            <translation>末尾有一个反斜杠</translation>
        </message>
        <message>
            <source>a closing bracket is missing</source>
            <translation>缺少右方括号</translation>
        </message>
        <message>
            <source>a closing parenthesis is missing</source>
            <translation>缺少右括号</translation>
        </message>
        <message>
            <source>a fresh start</source>
            <translation>全新开始</translation>
        </message>
        <message>
            <source>a job is running</source>
            <translation>有作业在运行</translation>
        </message>
        <message>
            <source>a new site</source>
            <translation>一个新站点</translation>
        </message>
        <message>
            <source>a number of repetitions is wrong or above 1000</source>
            <translation>重复次数有误或超过 1000</translation>
        </message>
        <message>
            <source>a parenthesis closes that was not opened</source>
            <translation>有一个右括号没有对应的左括号</translation>
        </message>
        <message>
            <source>a range of characters is wrong</source>
            <translation>字符范围有误</translation>
        </message>
        <message>
            <source>a repetition is repeated</source>
            <translation>重复符号被重复使用</translation>
        </message>
        <message>
            <source>a run</source>
            <translation>一个运行</translation>
        </message>
        <message>
            <source>a service of its own</source>
            <translation>独立的服务</translation>
        </message>
        <message>
            <source>a site</source>
            <translation>一个站点</translation>
        </message>
        <message>
            <source>about {all} in {count} round</source>
            <translation>{count} 轮合计约 {all}</translation>
        </message>
        <message>
            <source>about {all} in {count} rounds</source>
            <translation>{count} 轮合计约 {all}</translation>
        </message>
        <message>
            <source>about {count} rows</source>
            <translation>约 {count} 行</translation>
        </message>
        <message>
            <source>about {size}</source>
            <translation>约 {size}</translation>
        </message>
        <message>
            <source>about {time}</source>
            <translation>约 {time}</translation>
        </message>
        <message>
            <source>about {time} left</source>
            <translation>约剩 {time}</translation>
        </message>
        <message>
            <source>accounts</source>
            <translation>账户</translation>
        </message>
        <message>
            <source>added</source>
            <translation>新增</translation>
        </message>
        <message>
            <source>aggregates</source>
            <translation>聚合</translation>
        </message>
        <message>
            <source>aggregator</source>
            <translation>聚合方</translation>
        </message>
        <message>
            <source>all devices</source>
            <translation>所有设备</translation>
        </message>
        <message>
            <source>all sites in</source>
            <translation>所有站点到齐</translation>
        </message>
        <message>
            <source>allowed</source>
            <translation>允许</translation>
        </message>
        <message>
            <source>allowed here</source>
            <translation>已在此允许</translation>
        </message>
        <message>
            <source>an approval waits</source>
            <translation>有审批等待处理</translation>
        </message>
        <message>
            <source>and {count} more</source>
            <translation>以及另外 {count} 个</translation>
        </message>
        <message>
            <source>and {more} more…</source>
            <translation>另有 {more} 项…</translation>
        </message>
        <message>
            <source>approved by the demo</source>
            <translation>由演示批准</translation>
        </message>
        <message>
            <source>approved {date}</source>
            <translation>批准于 {date}</translation>
        </message>
        <message>
            <source>as in its last run here</source>
            <translation>按其上次在此的运行</translation>
        </message>
        <message>
            <source>as its site calls it</source>
            <translation>按其站点的称呼</translation>
        </message>
        <message>
            <source>as much</source>
            <translation>同样多</translation>
        </message>
        <message>
            <source>as the folder is called</source>
            <translation>按文件夹的名称</translation>
        </message>
        <message>
            <source>as the settings say</source>
            <translation>按设置</translation>
        </message>
        <message>
            <source>as the system</source>
            <translation>跟随系统</translation>
        </message>
        <message>
            <source>asked again</source>
            <translation>再次询问</translation>
        </message>
        <message>
            <source>asks its operator</source>
            <translation>会询问其操作员</translation>
        </message>
        <message>
            <source>at most {size} an hour</source>
            <translation>每小时最多 {size}</translation>
        </message>
        <message>
            <source>being read</source>
            <translation>正在读取</translation>
        </message>
        <message>
            <source>best</source>
            <translation>最佳</translation>
        </message>
        <message>
            <source>best value, its round, last value</source>
            <translation>最佳值、所在轮次、最新值</translation>
        </message>
        <message>
            <source>broker, store and database of the federation</source>
            <translation>联邦的消息代理、存储和数据库</translation>
        </message>
        <message>
            <source>busy with {count}</source>
            <translation>正忙于 {count}</translation>
        </message>
        <message>
            <source>by all</source>
            <translation>全员应答</translation>
        </message>
        <message>
            <source>by its digest</source>
            <translation>通过其摘要</translation>
        </message>
        <message>
            <source>by its files</source>
            <translation>通过其文件</translation>
        </message>
        <message>
            <source>by the deadline</source>
            <translation>到达期限</translation>
        </message>
        <message>
            <source>by you or a house rule</source>
            <translation>由您或本站规则</translation>
        </message>
        <message>
            <source>changed</source>
            <translation>已变更</translation>
        </message>
        <message>
            <source>checked {age} ago</source>
            <translation>{age}前检查</translation>
        </message>
        <message>
            <source>client</source>
            <translation>客户端</translation>
        </message>
        <message>
            <source>closed by deadline</source>
            <translation>到期限结束</translation>
        </message>
        <message>
            <source>code not signed</source>
            <translation>代码未签名</translation>
        </message>
        <message>
            <source>code signed with key {key}</source>
            <translation>代码由密钥 {key} 签名</translation>
        </message>
        <message>
            <source>combines the updates of all silos</source>
            <translation>合并所有站点的更新</translation>
        </message>
        <message>
            <source>combines updates</source>
            <translation>合并更新</translation>
        </message>
        <message>
            <source>content, before packing</source>
            <translation>内容（打包前）</translation>
        </message>
        <message>
            <source>created {moment} by {person}</source>
            <translation>由 {person} 于 {moment} 创建</translation>
        </message>
        <message>
            <source>dark</source>
            <translation>深色</translation>
        </message>
        <message>
            <source>data changed</source>
            <translation>数据已变更</translation>
        </message>
        <message>
            <source>date</source>
            <translation>日期</translation>
        </message>
        <message>
            <source>devices away</source>
            <translation>离线设备</translation>
        </message>
        <message>
            <source>devices online</source>
            <translation>在线设备</translation>
        </message>
        <message>
            <source>drops out in {n} s</source>
            <translation>{n} 秒后退出</translation>
        </message>
        <message>
            <source>dynamic import</source>
            <translation>动态导入</translation>
        </message>
        <message>
            <source>each site</source>
            <translation>各站点</translation>
        </message>
        <message>
            <source>empty</source>
            <translation>空</translation>
        </message>
        <message>
            <source>ended</source>
            <translation>已结束</translation>
        </message>
        <message>
            <source>ends today</source>
            <translation>今日到期</translation>
        </message>
        <message>
            <source>eval</source>
            <translation>eval</translation>
        </message>
        <message>
            <source>every group</source>
            <translation>所有群组</translation>
        </message>
        <message>
            <source>failed</source>
            <translation>失败</translation>
        </message>
        <message>
            <source>files</source>
            <translation>文件</translation>
        </message>
        <message>
            <source>fingerprint of the content</source>
            <translation>内容的指纹</translation>
        </message>
        <message>
            <source>finished</source>
            <translation>已完成</translation>
        </message>
        <message>
            <source>first time on this machine</source>
            <translation>首次在本机运行</translation>
        </message>
        <message>
            <source>for jobs</source>
            <translation>供作业使用</translation>
        </message>
        <message>
            <source>for this machine's operators</source>
            <translation>供本机的操作员</translation>
        </message>
        <message>
            <source>free on its disk</source>
            <translation>磁盘剩余</translation>
        </message>
        <message>
            <source>global</source>
            <translation>全局</translation>
        </message>
        <message>
            <source>group {id}</source>
            <translation>群组 {id}</translation>
        </message>
        <message>
            <source>heartbeat {time} ago</source>
            <translation>心跳于 {time}前</translation>
        </message>
        <message>
            <source>hosted elsewhere: it is started, stopped, backed up and restored on its own machine</source>
            <translation>托管于别处：在其自己的机器上启动、停止、备份和恢复</translation>
        </message>
        <message>
            <source>hosted on this computer</source>
            <translation>托管于本计算机</translation>
        </message>
        <message>
            <source>hub</source>
            <translation>中枢</translation>
        </message>
        <message>
            <source>in the package</source>
            <translation>程序包内</translation>
        </message>
        <message>
            <source>in {count} run</source>
            <translation>共 {count} 个运行</translation>
        </message>
        <message>
            <source>in {count} runs</source>
            <translation>共 {count} 个运行</translation>
        </message>
        <message>
            <source>installs {packages}</source>
            <translation>安装 {packages}</translation>
        </message>
        <message>
            <source>it lacks a place for its key</source>
            <translation>缺少存放其密钥的地方</translation>
        </message>
        <message>
            <source>its size is known after the first run here</source>
            <translation>首次在此运行后可知其大小</translation>
        </message>
        <message>
            <source>key {short_fingerprint}</source>
            <translation>密钥 {short_fingerprint}</translation>
        </message>
        <message>
            <source>last 10 minutes, peak {n} %</source>
            <translation>最近 10 分钟，峰值 {n} %</translation>
        </message>
        <message>
            <source>last known {time} ago</source>
            <translation>最后已知于 {time}前</translation>
        </message>
        <message>
            <source>last seen {age} ago</source>
            <translation>最后出现于 {age}前</translation>
        </message>
        <message>
            <source>last {value}</source>
            <translation>最新 {value}</translation>
        </message>
        <message>
            <source>late</source>
            <translation>迟到</translation>
        </message>
        <message>
            <source>light</source>
            <translation>浅色</translation>
        </message>
        <message>
            <source>live</source>
            <translation>实时</translation>
        </message>
        <message>
            <source>may ask its operator</source>
            <translation>可能询问其操作员</translation>
        </message>
        <message>
            <source>mean of sites</source>
            <translation>各站点平均值</translation>
        </message>
        <message>
            <source>messages a second</source>
            <translation>每秒消息数</translation>
        </message>
        <message>
            <source>missing</source>
            <translation>缺失</translation>
        </message>
        <message>
            <source>model {sha}</source>
            <translation>模型 {sha}</translation>
        </message>
        <message>
            <source>more than this site's budget of {size} a day, so it will wait</source>
            <translation>超过本站点每日 {size} 的预算，届时会等待</translation>
        </message>
        <message>
            <source>name</source>
            <translation>名称</translation>
        </message>
        <message>
            <source>name, version, rows and columns</source>
            <translation>名称、版本、行和列</translation>
        </message>
        <message>
            <source>native code</source>
            <translation>本机代码</translation>
        </message>
        <message>
            <source>needs no packages besides the runtime</source>
            <translation>除运行时外不需要软件包</translation>
        </message>
        <message>
            <source>network</source>
            <translation>网络</translation>
        </message>
        <message>
            <source>never</source>
            <translation>从未</translation>
        </message>
        <message>
            <source>never seen</source>
            <translation>从未出现</translation>
        </message>
        <message>
            <source>new</source>
            <translation>新增</translation>
        </message>
        <message>
            <source>new package</source>
            <translation>新程序包</translation>
        </message>
        <message>
            <source>new words</source>
            <translation>新内容</translation>
        </message>
        <message>
            <source>newest</source>
            <translation>最新</translation>
        </message>
        <message>
            <source>no GPU</source>
            <translation>无 GPU</translation>
        </message>
        <message>
            <source>no answer</source>
            <translation>无应答</translation>
        </message>
        <message>
            <source>no budget</source>
            <translation>无预算</translation>
        </message>
        <message>
            <source>no data</source>
            <translation>无数据</translation>
        </message>
        <message>
            <source>no description</source>
            <translation>无说明</translation>
        </message>
        <message>
            <source>no devices</source>
            <translation>无设备</translation>
        </message>
        <message>
            <source>no end</source>
            <translation>无期限</translation>
        </message>
        <message>
            <source>no figures yet</source>
            <translation>还没有数据</translation>
        </message>
        <message>
            <source>no group</source>
            <translation>无群组</translation>
        </message>
        <message>
            <source>no hub</source>
            <translation>无中枢</translation>
        </message>
        <message>
            <source>no limit</source>
            <translation>无上限</translation>
        </message>
        <message>
            <source>no run has reported one</source>
            <translation>还没有运行报告过</translation>
        </message>
        <message>
            <source>no value</source>
            <translation>无值</translation>
        </message>
        <message>
            <source>nobody</source>
            <translation>无人</translation>
        </message>
        <message>
            <source>none</source>
            <translation>无</translation>
        </message>
        <message>
            <source>none found</source>
            <translation>未找到</translation>
        </message>
        <message>
            <source>none from this window yet</source>
            <translation>尚未从此窗口备份过</translation>
        </message>
        <message>
            <source>none yet</source>
            <translation>暂无</translation>
        </message>
        <message>
            <source>not allowed</source>
            <translation>不允许</translation>
        </message>
        <message>
            <source>not allowed here yet</source>
            <translation>尚未在此允许</translation>
        </message>
        <message>
            <source>not bound</source>
            <translation>未绑定</translation>
        </message>
        <message>
            <source>not bound to a hub</source>
            <translation>未绑定中枢</translation>
        </message>
        <message>
            <source>not connected, or a job failed</source>
            <translation>未连接，或有作业失败</translation>
        </message>
        <message>
            <source>not known yet</source>
            <translation>尚不清楚</translation>
        </message>
        <message>
            <source>not live</source>
            <translation>非实时</translation>
        </message>
        <message>
            <source>not live, known {time} ago</source>
            <translation>非实时，已知于 {time}前</translation>
        </message>
        <message>
            <source>not reached</source>
            <translation>无法到达</translation>
        </message>
        <message>
            <source>not read yet</source>
            <translation>尚未读取</translation>
        </message>
        <message>
            <source>not sent</source>
            <translation>未发送</translation>
        </message>
        <message>
            <source>not shown whole</source>
            <translation>未完整显示</translation>
        </message>
        <message>
            <source>not signed</source>
            <translation>未签名</translation>
        </message>
        <message>
            <source>not ticked</source>
            <translation>未勾选</translation>
        </message>
        <message>
            <source>nothing</source>
            <translation>无</translation>
        </message>
        <message>
            <source>nothing blocks it on this machine</source>
            <translation>本机没有阻断它的手段</translation>
        </message>
        <message>
            <source>nothing of their content leaves this machine</source>
            <translation>其内容不会离开本机</translation>
        </message>
        <message>
            <source>nothing runs here that you did not allow</source>
            <translation>这里不会运行您未允许的内容</translation>
        </message>
        <message>
            <source>now</source>
            <translation>当前</translation>
        </message>
        <message>
            <source>number</source>
            <translation>数字</translation>
        </message>
        <message>
            <source>of another group</source>
            <translation>属于其他群组</translation>
        </message>
        <message>
            <source>of one core</source>
            <translation>占单个核心</translation>
        </message>
        <message>
            <source>of the machine</source>
            <translation>占整机</translation>
        </message>
        <message>
            <source>of this machine</source>
            <translation>本机</translation>
        </message>
        <message>
            <source>of {n} GB</source>
            <translation>共 {n} GB</translation>
        </message>
        <message>
            <source>of {size} daily budget</source>
            <translation>每日预算 {size}</translation>
        </message>
        <message>
            <source>off</source>
            <translation>关闭</translation>
        </message>
        <message>
            <source>offline, last seen {time}</source>
            <translation>离线，最后出现于 {time}</translation>
        </message>
        <message>
            <source>offline, never seen</source>
            <translation>离线，从未出现</translation>
        </message>
        <message>
            <source>one start</source>
            <translation>一次启动</translation>
        </message>
        <message>
            <source>online, nothing to do</source>
            <translation>在线，空闲</translation>
        </message>
        <message>
            <source>optional</source>
            <translation>可选</translation>
        </message>
        <message>
            <source>owned by {name}</source>
            <translation>所有者：{name}</translation>
        </message>
        <message>
            <source>p</source>
            <translation>p</translation>
        </message>
        <message>
            <source>p = {p}</source>
            <translation>p = {p}</translation>
        </message>
        <message>
            <source>part of this hub</source>
            <translation>此中枢自带</translation>
        </message>
        <message>
            <source>pauses at {limit} °C</source>
            <translation>达到 {limit} °C 时暂停</translation>
        </message>
        <message>
            <source>pickle</source>
            <translation>pickle</translation>
        </message>
        <message>
            <source>preview</source>
            <translation>预览</translation>
        </message>
        <message>
            <source>processes</source>
            <translation>进程</translation>
        </message>
        <message>
            <source>reached</source>
            <translation>可到达</translation>
        </message>
        <message>
            <source>reached, with a note</source>
            <translation>可到达，但需留意</translation>
        </message>
        <message>
            <source>read only</source>
            <translation>只读</translation>
        </message>
        <message>
            <source>read {age} ago</source>
            <translation>{age}前读取</translation>
        </message>
        <message>
            <source>ready, approved</source>
            <translation>就绪，已批准</translation>
        </message>
        <message>
            <source>refused {date}</source>
            <translation>拒绝于 {date}</translation>
        </message>
        <message>
            <source>removed</source>
            <translation>已移除</translation>
        </message>
        <message>
            <source>resident</source>
            <translation>常驻内存</translation>
        </message>
        <message>
            <source>round deadline {shown}</source>
            <translation>每轮期限 {shown}</translation>
        </message>
        <message>
            <source>round {k}</source>
            <translation>第 {k} 轮</translation>
        </message>
        <message>
            <source>round {k} of {n}</source>
            <translation>第 {k} 轮，共 {n} 轮</translation>
        </message>
        <message>
            <source>round {n}</source>
            <translation>第 {n} 轮</translation>
        </message>
        <message>
            <source>round {round} · last {value}</source>
            <translation>第 {round} 轮 · 最新 {value}</translation>
        </message>
        <message>
            <source>rows and columns</source>
            <translation>行和列</translation>
        </message>
        <message>
            <source>run {id}</source>
            <translation>运行 {id}</translation>
        </message>
        <message>
            <source>run {run}</source>
            <translation>运行 {run}</translation>
        </message>
        <message>
            <source>run {run} · {project}</source>
            <translation>运行 {run} · {project}</translation>
        </message>
        <message>
            <source>runs that go on</source>
            <translation>进行中的运行</translation>
        </message>
        <message>
            <source>runs whose approval names no dataset</source>
            <translation>审批未指定数据集的运行</translation>
        </message>
        <message>
            <source>same</source>
            <translation>相同</translation>
        </message>
        <message>
            <source>same options as the command line</source>
            <translation>与命令行选项相同</translation>
        </message>
        <message>
            <source>sent to round 1</source>
            <translation>从发出到第 1 轮</translation>
        </message>
        <message>
            <source>sent, {size} received</source>
            <translation>已发送，已接收 {size}</translation>
        </message>
        <message>
            <source>served</source>
            <translation>正在提供服务</translation>
        </message>
        <message>
            <source>server</source>
            <translation>服务器</translation>
        </message>
        <message>
            <source>signed</source>
            <translation>已签名</translation>
        </message>
        <message>
            <source>signed by {key}</source>
            <translation>由 {key} 签名</translation>
        </message>
        <message>
            <source>silent {age}</source>
            <translation>无响应 {age}</translation>
        </message>
        <message>
            <source>silent {short_time}, drops out at {offline_after_s:.0f} s</source>
            <translation>无响应 {short_time}，到 {offline_after_s:.0f} 秒即退出</translation>
        </message>
        <message>
            <source>silo</source>
            <translation>站点</translation>
        </message>
        <message>
            <source>since 00:00</source>
            <translation>自 00:00 起</translation>
        </message>
        <message>
            <source>since {age}</source>
            <translation>已 {age}</translation>
        </message>
        <message>
            <source>since {span}; closes without at {time}</source>
            <translation>已 {span}；将于 {time} 不等待而结束</translation>
        </message>
        <message>
            <source>someone</source>
            <translation>某人</translation>
        </message>
        <message>
            <source>standing</source>
            <translation>长期</translation>
        </message>
        <message>
            <source>started again once</source>
            <translation>重新启动过一次</translation>
        </message>
        <message>
            <source>started again {count} times</source>
            <translation>重新启动过 {count} 次</translation>
        </message>
        <message>
            <source>started {moment} by {person}</source>
            <translation>由 {person} 于 {moment} 启动</translation>
        </message>
        <message>
            <source>stopped</source>
            <translation>已停止</translation>
        </message>
        <message>
            <source>text</source>
            <translation>文本</translation>
        </message>
        <message>
            <source>the code does not ask for it</source>
            <translation>代码没有请求它</translation>
        </message>
        <message>
            <source>the fault</source>
            <translation>故障处</translation>
        </message>
        <message>
            <source>the first {count} rows looked at</source>
            <translation>已查看前 {count} 行</translation>
        </message>
        <message>
            <source>the hospital, bank or site</source>
            <translation>医院、银行或站点</translation>
        </message>
        <message>
            <source>the keyring of this system</source>
            <translation>此系统的密钥环</translation>
        </message>
        <message>
            <source>the name of a group is wrong</source>
            <translation>分组名称有误</translation>
        </message>
        <message>
            <source>there is nothing to repeat</source>
            <translation>没有可重复的内容</translation>
        </message>
        <message>
            <source>this escape is not known</source>
            <translation>未知的转义</translation>
        </message>
        <message>
            <source>this exact code</source>
            <translation>仅此代码</translation>
        </message>
        <message>
            <source>this exact code until {date}</source>
            <translation>仅此代码，至 {date}</translation>
        </message>
        <message>
            <source>this hub</source>
            <translation>此中枢</translation>
        </message>
        <message>
            <source>this machine</source>
            <translation>本机</translation>
        </message>
        <message>
            <source>ticked</source>
            <translation>已勾选</translation>
        </message>
        <message>
            <source>times are since the step before</source>
            <translation>时间自上一步起计</translation>
        </message>
        <message>
            <source>took part</source>
            <translation>参与</translation>
        </message>
        <message>
            <source>trains on this silo's data</source>
            <translation>用本站点的数据训练</translation>
        </message>
        <message>
            <source>trying to reach it</source>
            <translation>正在尝试连接</translation>
        </message>
        <message>
            <source>turns a folder into a signed package that other sites can check</source>
            <translation>将文件夹变成其他站点可以核验的签名程序包</translation>
        </message>
        <message>
            <source>unchanged</source>
            <translation>未变更</translation>
        </message>
        <message>
            <source>unchanged code</source>
            <translation>代码未变更</translation>
        </message>
        <message>
            <source>unreadable</source>
            <translation>不可读</translation>
        </message>
        <message>
            <source>unsigned</source>
            <translation>未签名</translation>
        </message>
        <message>
            <source>up for {span}</source>
            <translation>已运行 {span}</translation>
        </message>
        <message>
            <source>used</source>
            <translation>已使用</translation>
        </message>
        <message>
            <source>value</source>
            <translation>值</translation>
        </message>
        <message>
            <source>version {number}</source>
            <translation>版本 {number}</translation>
        </message>
        <message>
            <source>version {number} of {count}</source>
            <translation>版本 {number}，共 {count} 个</translation>
        </message>
        <message>
            <source>version {number} only</source>
            <translation>仅版本 {number}</translation>
        </message>
        <message>
            <source>version {version}</source>
            <translation>版本 {version}</translation>
        </message>
        <message>
            <source>waiting for the operator's approval</source>
            <translation>正在等待操作员审批</translation>
        </message>
        <message>
            <source>what this run is for</source>
            <translation>此运行的用途</translation>
        </message>
        <message>
            <source>whole machine</source>
            <translation>整机</translation>
        </message>
        <message>
            <source>whole number</source>
            <translation>整数</translation>
        </message>
        <message>
            <source>within this site's budget of {size} a day</source>
            <translation>在本站点每日 {size} 的预算之内</translation>
        </message>
        <message>
            <source>yes/no</source>
            <translation>是/否</translation>
        </message>
        <message>
            <source>you</source>
            <translation>您</translation>
        </message>
        <message>
            <source>you, {key}</source>
            <translation>您，{key}</translation>
        </message>
        <message>
            <source>you@example.org</source>
            <translation>you@example.org</translation>
        </message>
        <message>
            <source>your hub</source>
            <translation>您的中枢</translation>
        </message>
        <message>
            <source>{age} ago</source>
            <translation>{age}前</translation>
        </message>
        <message>
            <source>{age} ago, {size}</source>
            <translation>{age}前，{size}</translation>
        </message>
        <message>
            <source>{ago}, {n} ms round trip</source>
            <translation>{ago}，往返 {n} 毫秒</translation>
        </message>
        <message>
            <source>{a} free of {b}</source>
            <translation>剩余 {a}，共 {b}</translation>
        </message>
        <message>
            <source>{a} of {b}</source>
            <translation>{a} / {b}</translation>
        </message>
        <message>
            <source>{by} removed {who}</source>
            <translation>{by} 移除了 {who}</translation>
        </message>
        <message>
            <source>{calls}, median {ms} ms</source>
            <translation>{calls}，中位数 {ms} 毫秒</translation>
        </message>
        <message>
            <source>{cause} Trying again.</source>
            <translation>{cause} 正在重试。</translation>
        </message>
        <message>
            <source>{changed} of {count} changed</source>
            <translation>{count} 中 {changed} 个已变更</translation>
        </message>
        <message>
            <source>{closed} rounds closed, {late} of them by the deadline</source>
            <translation>已结束 {closed} 轮，其中 {late} 轮因到达期限而结束</translation>
        </message>
        <message>
            <source>{cores} cores, {memory} GB</source>
            <translation>{cores} 个核心，{memory} GB</translation>
        </message>
        <message>
            <source>{count:,} values saved</source>
            <translation>已保存 {count:,} 个值</translation>
        </message>
        <message>
            <source>{count} application</source>
            <translation>{count} 个应用</translation>
        </message>
        <message>
            <source>{count} applications</source>
            <translation>{count} 个应用</translation>
        </message>
        <message>
            <source>{count} approval waiting…</source>
            <translation>{count} 个审批等待处理…</translation>
        </message>
        <message>
            <source>{count} approvals waiting…</source>
            <translation>{count} 个审批等待处理…</translation>
        </message>
        <message>
            <source>{count} broken row</source>
            <translation>{count} 行有误</translation>
        </message>
        <message>
            <source>{count} broken rows</source>
            <translation>{count} 行有误</translation>
        </message>
        <message>
            <source>{count} call</source>
            <translation>{count} 次调用</translation>
        </message>
        <message>
            <source>{count} call to look at</source>
            <translation>{count} 处需留意的调用</translation>
        </message>
        <message>
            <source>{count} calls</source>
            <translation>{count} 次调用</translation>
        </message>
        <message>
            <source>{count} calls to look at</source>
            <translation>{count} 处需留意的调用</translation>
        </message>
        <message>
            <source>{count} changed block</source>
            <translation>{count} 处变更</translation>
        </message>
        <message>
            <source>{count} changed blocks</source>
            <translation>{count} 处变更</translation>
        </message>
        <message>
            <source>{count} checks in {seconds} s</source>
            <translation>{seconds} 秒内完成 {count} 项检查</translation>
        </message>
        <message>
            <source>{count} class</source>
            <translation>{count} 个类别</translation>
        </message>
        <message>
            <source>{count} classes</source>
            <translation>{count} 个类别</translation>
        </message>
        <message>
            <source>{count} collaborator</source>
            <translation>{count} 位协作者</translation>
        </message>
        <message>
            <source>{count} collaborators</source>
            <translation>{count} 位协作者</translation>
        </message>
        <message>
            <source>{count} column</source>
            <translation>{count} 列</translation>
        </message>
        <message>
            <source>{count} columns</source>
            <translation>{count} 列</translation>
        </message>
        <message>
            <source>{count} core</source>
            <translation>{count} 个核心</translation>
        </message>
        <message>
            <source>{count} cores</source>
            <translation>{count} 个核心</translation>
        </message>
        <message>
            <source>{count} day left</source>
            <translation>剩余 {count} 天</translation>
        </message>
        <message>
            <source>{count} days left</source>
            <translation>剩余 {count} 天</translation>
        </message>
        <message>
            <source>{count} device</source>
            <translation>{count} 台设备</translation>
        </message>
        <message>
            <source>{count} devices</source>
            <translation>{count} 台设备</translation>
        </message>
        <message>
            <source>{count} events, the newest: {newest}</source>
            <translation>{count} 个事件，最新：{newest}</translation>
        </message>
        <message>
            <source>{count} file</source>
            <translation>{count} 个文件</translation>
        </message>
        <message>
            <source>{count} file changed</source>
            <translation>{count} 个文件已变更</translation>
        </message>
        <message>
            <source>{count} file is no text: {names}</source>
            <translation>{count} 个文件不是文本：{names}</translation>
        </message>
        <message>
            <source>{count} file was not shown whole: {names}</source>
            <translation>{count} 个文件未完整显示：{names}</translation>
        </message>
        <message>
            <source>{count} files</source>
            <translation>{count} 个文件</translation>
        </message>
        <message>
            <source>{count} files are no text: {names}</source>
            <translation>{count} 个文件不是文本：{names}</translation>
        </message>
        <message>
            <source>{count} files changed</source>
            <translation>{count} 个文件已变更</translation>
        </message>
        <message>
            <source>{count} files changed since your last approval.</source>
            <translation>自您上次批准以来有 {count} 个文件变更。</translation>
        </message>
        <message>
            <source>{count} files were not shown whole: {names}</source>
            <translation>{count} 个文件未完整显示：{names}</translation>
        </message>
        <message>
            <source>{count} files, known by size and hash</source>
            <translation>{count} 个文件，以大小和哈希识别</translation>
        </message>
        <message>
            <source>{count} finished</source>
            <translation>{count} 个已完成</translation>
        </message>
        <message>
            <source>{count} group</source>
            <translation>{count} 个群组</translation>
        </message>
        <message>
            <source>{count} groups</source>
            <translation>{count} 个群组</translation>
        </message>
        <message>
            <source>{count} hit</source>
            <translation>{count} 处匹配</translation>
        </message>
        <message>
            <source>{count} hits</source>
            <translation>{count} 处匹配</translation>
        </message>
        <message>
            <source>{count} hour a week</source>
            <translation>每周 {count} 小时</translation>
        </message>
        <message>
            <source>{count} hours a week</source>
            <translation>每周 {count} 小时</translation>
        </message>
        <message>
            <source>{count} image</source>
            <translation>{count} 张图像</translation>
        </message>
        <message>
            <source>{count} images</source>
            <translation>{count} 张图像</translation>
        </message>
        <message>
            <source>{count} images shown</source>
            <translation>显示 {count} 张图像</translation>
        </message>
        <message>
            <source>{count} items</source>
            <translation>{count} 项</translation>
        </message>
        <message>
            <source>{count} job goes on</source>
            <translation>{count} 个作业继续</translation>
        </message>
        <message>
            <source>{count} job pauses at the end of its round</source>
            <translation>{count} 个作业将在其轮次结束时暂停</translation>
        </message>
        <message>
            <source>{count} jobs go on</source>
            <translation>{count} 个作业继续</translation>
        </message>
        <message>
            <source>{count} jobs pause at the end of their rounds</source>
            <translation>{count} 个作业将在其轮次结束时暂停</translation>
        </message>
        <message>
            <source>{count} line tries it in vain</source>
            <translation>{count} 行代码尝试访问但被阻断</translation>
        </message>
        <message>
            <source>{count} lines saved</source>
            <translation>已保存 {count} 行</translation>
        </message>
        <message>
            <source>{count} lines try it in vain</source>
            <translation>{count} 行代码尝试访问但被阻断</translation>
        </message>
        <message>
            <source>{count} live</source>
            <translation>{count} 个进行中</translation>
        </message>
        <message>
            <source>{count} message</source>
            <translation>{count} 条消息</translation>
        </message>
        <message>
            <source>{count} messages</source>
            <translation>{count} 条消息</translation>
        </message>
        <message>
            <source>{count} metric</source>
            <translation>{count} 个指标</translation>
        </message>
        <message>
            <source>{count} metrics</source>
            <translation>{count} 个指标</translation>
        </message>
        <message>
            <source>{count} model</source>
            <translation>{count} 个模型</translation>
        </message>
        <message>
            <source>{count} model deleted</source>
            <translation>已删除 {count} 个模型</translation>
        </message>
        <message>
            <source>{count} models</source>
            <translation>{count} 个模型</translation>
        </message>
        <message>
            <source>{count} models deleted</source>
            <translation>已删除 {count} 个模型</translation>
        </message>
        <message>
            <source>{count} more line is not shown</source>
            <translation>还有 {count} 行未显示</translation>
        </message>
        <message>
            <source>{count} more lines</source>
            <translation>另有 {count} 行</translation>
        </message>
        <message>
            <source>{count} more lines are not shown</source>
            <translation>还有 {count} 行未显示</translation>
        </message>
        <message>
            <source>{count} new call to look at</source>
            <translation>{count} 处需留意的新调用</translation>
        </message>
        <message>
            <source>{count} new calls to look at</source>
            <translation>{count} 处需留意的新调用</translation>
        </message>
        <message>
            <source>{count} not started</source>
            <translation>{count} 个未启动</translation>
        </message>
        <message>
            <source>{count} of {count2} shown</source>
            <translation>显示 {count2} 中的 {count} 个</translation>
        </message>
        <message>
            <source>{count} of {limit} chosen</source>
            <translation>已选 {count} 个，上限 {limit} 个</translation>
        </message>
        <message>
            <source>{count} of {total} runs shown</source>
            <translation>显示 {total} 个运行中的 {count} 个</translation>
        </message>
        <message>
            <source>{count} of {total} shown</source>
            <translation>显示 {count} / {total} 项</translation>
        </message>
        <message>
            <source>{count} of {trainers} chosen</source>
            <translation>已选 {count} / {trainers}</translation>
        </message>
        <message>
            <source>{count} of {trainers} chosen, {rows} rows</source>
            <translation>已选 {count} / {trainers}，共 {rows} 行</translation>
        </message>
        <message>
            <source>{count} parameter is the same in all runs</source>
            <translation>{count} 个参数在所有运行中相同</translation>
        </message>
        <message>
            <source>{count} parameters are the same in all runs</source>
            <translation>{count} 个参数在所有运行中相同</translation>
        </message>
        <message>
            <source>{count} point saved</source>
            <translation>已保存 {count} 个数据点</translation>
        </message>
        <message>
            <source>{count} points saved</source>
            <translation>已保存 {count} 个数据点</translation>
        </message>
        <message>
            <source>{count} project</source>
            <translation>{count} 个项目</translation>
        </message>
        <message>
            <source>{count} projects</source>
            <translation>{count} 个项目</translation>
        </message>
        <message>
            <source>{count} round</source>
            <translation>{count} 轮</translation>
        </message>
        <message>
            <source>{count} rounds</source>
            <translation>{count} 轮</translation>
        </message>
        <message>
            <source>{count} row</source>
            <translation>{count} 行</translation>
        </message>
        <message>
            <source>{count} row looked at</source>
            <translation>已查看 {count} 行</translation>
        </message>
        <message>
            <source>{count} rows</source>
            <translation>{count} 行</translation>
        </message>
        <message>
            <source>{count} rows looked at</source>
            <translation>已查看 {count} 行</translation>
        </message>
        <message>
            <source>{count} run</source>
            <translation>{count} 个运行</translation>
        </message>
        <message>
            <source>{count} runs</source>
            <translation>{count} 个运行</translation>
        </message>
        <message>
            <source>{count} selected</source>
            <translation>已选择 {count} 个</translation>
        </message>
        <message>
            <source>{count} site</source>
            <translation>{count} 个站点</translation>
        </message>
        <message>
            <source>{count} sites</source>
            <translation>{count} 个站点</translation>
        </message>
        <message>
            <source>{count} source</source>
            <translation>{count} 个来源</translation>
        </message>
        <message>
            <source>{count} sources</source>
            <translation>{count} 个来源</translation>
        </message>
        <message>
            <source>{count} unchanged line</source>
            <translation>{count} 行未变更</translation>
        </message>
        <message>
            <source>{count} unchanged lines</source>
            <translation>{count} 行未变更</translation>
        </message>
        <message>
            <source>{date} by {name}</source>
            <translation>{date}，由 {name}</translation>
        </message>
        <message>
            <source>{date} by {uploaded_by}</source>
            <translation>{date}，由 {uploaded_by}</translation>
        </message>
        <message>
            <source>{days} days, until {date}</source>
            <translation>{days} 天，至 {date}</translation>
        </message>
        <message>
            <source>{day} {month}</source>
            <translation>{month}{day}日</translation>
        </message>
        <message>
            <source>{day} {month} {year}</source>
            <translation>{year}年{month}{day}日</translation>
        </message>
        <message>
            <source>{day}, {start} to {end}</source>
            <translation>{day}，{start} 至 {end}</translation>
        </message>
        <message>
            <source>{detail} Jobs go on; what they send waits here.</source>
            <translation>{detail} 作业照常进行；它们要发送的内容在此等待。</translation>
        </message>
        <message>
            <source>{device} is back</source>
            <translation>{device} 已恢复</translation>
        </message>
        <message>
            <source>{device} of {silo} was added</source>
            <translation>已添加 {silo} 的 {device}</translation>
        </message>
        <message>
            <source>{device} of {silo} was removed</source>
            <translation>已移除 {silo} 的 {device}</translation>
        </message>
        <message>
            <source>{device} of {silo} was revoked</source>
            <translation>已撤销 {silo} 的 {device}</translation>
        </message>
        <message>
            <source>{device} went offline</source>
            <translation>{device} 已离线</translation>
        </message>
        <message>
            <source>{device} went silent</source>
            <translation>{device} 无响应</translation>
        </message>
        <message>
            <source>{done} of {total}</source>
            <translation>{total} 项中的 {done} 项</translation>
        </message>
        <message>
            <source>{engines} engine</source>
            <translation>{engines} 引擎</translation>
        </message>
        <message>
            <source>{error} Shown is what was read {age} ago.</source>
            <translation>{error} 显示的是 {age}前读取的内容。</translation>
        </message>
        <message>
            <source>{file} line {line}</source>
            <translation>{file} 第 {line} 行</translation>
        </message>
        <message>
            <source>{first} Once started, all rounds end within {bound}.</source>
            <translation>{first} 启动后，所有轮次在 {bound} 内结束。</translation>
        </message>
        <message>
            <source>{first} and {count} more</source>
            <translation>{first}，以及另外 {count} 个</translation>
        </message>
        <message>
            <source>{group}, combines updates</source>
            <translation>{group}，聚合更新</translation>
        </message>
        <message>
            <source>{group}, invited by {by}</source>
            <translation>{group}，由 {by} 邀请</translation>
        </message>
        <message>
            <source>{group}, trains</source>
            <translation>{group}，训练</translation>
        </message>
        <message>
            <source>{hours} h {minutes} min</source>
            <translation>{hours} 小时 {minutes} 分</translation>
        </message>
        <message>
            <source>{id}, {name}</source>
            <translation>{id}，{name}</translation>
        </message>
        <message>
            <source>{keys}: {what}</source>
            <translation>{keys}：{what}</translation>
        </message>
        <message>
            <source>{kind}, engine {engine}</source>
            <translation>{kind}，引擎 {engine}</translation>
        </message>
        <message>
            <source>{kind}, {count} call</source>
            <translation>{kind}，{count} 处调用</translation>
        </message>
        <message>
            <source>{kind}, {count} calls</source>
            <translation>{kind}，{count} 处调用</translation>
        </message>
        <message>
            <source>{kind}, {count} known</source>
            <translation>{kind}，{count} 处已知</translation>
        </message>
        <message>
            <source>{kind}, {new} new</source>
            <translation>{kind}，{new} 处新增</translation>
        </message>
        <message>
            <source>{k} of {n}</source>
            <translation>{k} / {n}</translation>
        </message>
        <message>
            <source>{lines} lines, {size}</source>
            <translation>{lines} 行，{size}</translation>
        </message>
        <message>
            <source>{lines} lines, {sources}, {size}</source>
            <translation>{lines} 行，{sources}，{size}</translation>
        </message>
        <message>
            <source>{metrics}, {points} points, loading…</source>
            <translation>{metrics}，{points} 个数据点，正在加载…</translation>
        </message>
        <message>
            <source>{metrics}, {points} points, none left out</source>
            <translation>{metrics}，{points} 个数据点，无一遗漏</translation>
        </message>
        <message>
            <source>{minutes} min {seconds} s</source>
            <translation>{minutes} 分 {seconds} 秒</translation>
        </message>
        <message>
            <source>{ms} ms</source>
            <translation>{ms} 毫秒</translation>
        </message>
        <message>
            <source>{names} and {count} more</source>
            <translation>{names} 及另外 {count} 个</translation>
        </message>
        <message>
            <source>{names} and {last}</source>
            <translation>{names}和{last}</translation>
        </message>
        <message>
            <source>{name}
{fingerprint}
content {content_digest}
sha256 {zip_sha256}
</source>
            <translation>{name}
{fingerprint}
内容 {content_digest}
sha256 {zip_sha256}
</translation>
        </message>
        <message>
            <source>{name} approved</source>
            <translation>{name} 已批准</translation>
        </message>
        <message>
            <source>{name} archived</source>
            <translation>{name} 已归档</translation>
        </message>
        <message>
            <source>{name} at {time}</source>
            <translation>{name}：{time}</translation>
        </message>
        <message>
            <source>{name} cannot be written there: {strerror}.</source>
            <translation>{name} 无法写入该处：{strerror}。</translation>
        </message>
        <message>
            <source>{name} invites you as {role} · ends in {span}</source>
            <translation>{name} 邀请您担任{role} · {span}后失效</translation>
        </message>
        <message>
            <source>{name} is at the hub</source>
            <translation>{name} 已在中枢</translation>
        </message>
        <message>
            <source>{name} is no picture that can be read.</source>
            <translation>{name} 不是可读取的图片。</translation>
        </message>
        <message>
            <source>{name} is ready</source>
            <translation>{name} 已就绪</translation>
        </message>
        <message>
            <source>{name} is ready to run</source>
            <translation>{name} 可以运行了</translation>
        </message>
        <message>
            <source>{name} leaves all its groups and takes part in no run until it is bound again. Datasets and approvals stay here.</source>
            <translation>{name} 离开其所有群组，在重新绑定之前不参与任何运行。数据集和审批保留在这里。</translation>
        </message>
        <message>
            <source>{name} loses its access at once and leaves all groups. Its owner has to bind it anew to come back.</source>
            <translation>{name} 立即失去访问权并离开所有群组。其所有者须重新绑定才能恢复。</translation>
        </message>
        <message>
            <source>{name} refused</source>
            <translation>{name} 已拒绝</translation>
        </message>
        <message>
            <source>{name} removed</source>
            <translation>{name} 已移除</translation>
        </message>
        <message>
            <source>{name} was removed</source>
            <translation>{name} 已被移除</translation>
        </message>
        <message>
            <source>{name}, version {number}</source>
            <translation>{name}，版本 {number}</translation>
        </message>
        <message>
            <source>{name}: no values for {time}</source>
            <translation>{name}：已有 {time} 没有数据</translation>
        </message>
        <message>
            <source>{name}: write a number.</source>
            <translation>{name}：请输入数字。</translation>
        </message>
        <message>
            <source>{name}: {value}, {note}</source>
            <translation>{name}：{value}，{note}</translation>
        </message>
        <message>
            <source>{needed} of {count}</source>
            <translation>{needed} / {count}</translation>
        </message>
        <message>
            <source>{n} %</source>
            <translation>{n} %</translation>
        </message>
        <message>
            <source>{n} columns</source>
            <translation>{n} 列</translation>
        </message>
        <message>
            <source>{n} d</source>
            <translation>{n} 天</translation>
        </message>
        <message>
            <source>{n} devices at 1 site</source>
            <translation>1 个站点的 {n} 台设备</translation>
        </message>
        <message>
            <source>{n} devices at {sites} sites</source>
            <translation>{sites} 个站点的 {n} 台设备</translation>
        </message>
        <message>
            <source>{n} fail</source>
            <translation>{n} 项未通过</translation>
        </message>
        <message>
            <source>{n} h</source>
            <translation>{n} 小时</translation>
        </message>
        <message>
            <source>{n} min</source>
            <translation>{n} 分钟</translation>
        </message>
        <message>
            <source>{n} ms</source>
            <translation>{n} 毫秒</translation>
        </message>
        <message>
            <source>{n} note</source>
            <translation>{n} 项提示</translation>
        </message>
        <message>
            <source>{n} pass</source>
            <translation>{n} 项通过</translation>
        </message>
        <message>
            <source>{n} s</source>
            <translation>{n} 秒</translation>
        </message>
        <message>
            <source>{offer}.</source>
            <translation>{offer}。</translation>
        </message>
        <message>
            <source>{other} package</source>
            <translation>{other}程序包</translation>
        </message>
        <message>
            <source>{page}, {count}</source>
            <translation>{page}，{count}</translation>
        </message>
        <message>
            <source>{page}, {count} waiting</source>
            <translation>{page}，{count} 个等待处理</translation>
        </message>
        <message>
            <source>{path}, {size}</source>
            <translation>{path}，{size}</translation>
        </message>
        <message>
            <source>{person}, {project}.</source>
            <translation>{person}，{project}。</translation>
        </message>
        <message>
            <source>{place} of {total}</source>
            <translation>第 {place} 处，共 {total} 处</translation>
        </message>
        <message>
            <source>{quorum} of {clients}</source>
            <translation>{quorum} / {clients}</translation>
        </message>
        <message>
            <source>{reading} Jobs pause at the end of their round.</source>
            <translation>{reading} 作业在其本轮结束时暂停。</translation>
        </message>
        <message>
            <source>{reason} Jobs that come wait as well.</source>
            <translation>{reason} 新到的作业同样等待。</translation>
        </message>
        <message>
            <source>{role} · ends in {span}</source>
            <translation>{role} · {span}后失效</translation>
        </message>
        <message>
            <source>{role} · {span} ago</source>
            <translation>{role} · {span}前</translation>
        </message>
        <message>
            <source>{role}; dataset {name} {version}</source>
            <translation>{role}；数据集 {name} {version}</translation>
        </message>
        <message>
            <source>{run} failed on this machine</source>
            <translation>{run} 在本机失败</translation>
        </message>
        <message>
            <source>{run} finished</source>
            <translation>{run} 已完成</translation>
        </message>
        <message>
            <source>{run} raised an error on this machine</source>
            <translation>{run} 在本机发生异常</translation>
        </message>
        <message>
            <source>{run} was stopped</source>
            <translation>{run} 已停止</translation>
        </message>
        <message>
            <source>{setting} is changed</source>
            <translation>已更改：{setting}</translation>
        </message>
        <message>
            <source>{shown} of {all}</source>
            <translation>{shown} / {all}</translation>
        </message>
        <message>
            <source>{shown} of {lines} lines shown, {size}</source>
            <translation>显示 {lines} 行中的 {shown} 行，{size}</translation>
        </message>
        <message>
            <source>{shown} of {lines} lines shown, {sources}, {size}</source>
            <translation>显示 {lines} 行中的 {shown} 行，{sources}，{size}</translation>
        </message>
        <message>
            <source>{shown} of {total} models</source>
            <translation>{total} 个模型中的 {shown} 个</translation>
        </message>
        <message>
            <source>{silent} of the chosen devices do not tell how many rows they have.</source>
            <translation>所选设备中有 {silent} 台未告知行数。</translation>
        </message>
        <message>
            <source>{silo} · this device</source>
            <translation>{silo} · 本设备</translation>
        </message>
        <message>
            <source>{size} free</source>
            <translation>剩余 {size}</translation>
        </message>
        <message>
            <source>{size} freed</source>
            <translation>已释放 {size}</translation>
        </message>
        <message>
            <source>{size} more are not shown</source>
            <translation>还有 {size} 未显示</translation>
        </message>
        <message>
            <source>{size} packed, {count}</source>
            <translation>打包后 {size}，{count}</translation>
        </message>
        <message>
            <source>{size} sent</source>
            <translation>已发送 {size}</translation>
        </message>
        <message>
            <source>{size} sent.</source>
            <translation>已发送 {size}。</translation>
        </message>
        <message>
            <source>{size} would be freed</source>
            <translation>可释放 {size}</translation>
        </message>
        <message>
            <source>{size} × {count}, as in earlier runs of it</source>
            <translation>{size} × {count}，与其先前的运行相同</translation>
        </message>
        <message>
            <source>{size} × {count}; about {time}, as in earlier runs of it</source>
            <translation>{size} × {count}；约 {time}，与其先前的运行相同</translation>
        </message>
        <message>
            <source>{state}, edge {edge}</source>
            <translation>{state}，边缘 {edge}</translation>
        </message>
        <message>
            <source>{text} … the line goes on</source>
            <translation>{text} … 此行未完</translation>
        </message>
        <message>
            <source>{time} after the start</source>
            <translation>启动后 {time}</translation>
        </message>
        <message>
            <source>{time} ago</source>
            <translation>{time}前</translation>
        </message>
        <message>
            <source>{title}. {text}</source>
            <translation>{title}。{text}</translation>
        </message>
        <message>
            <source>{total}, {percent} % read</source>
            <translation>{total}，已读取 {percent} %</translation>
        </message>
        <message>
            <source>{value:g} min</source>
            <translation>{value:g} 分钟</translation>
        </message>
        <message>
            <source>{waiting} waiting, the newest {decided} decided</source>
            <translation>{waiting} 个待定，最近 {decided} 个已决定</translation>
        </message>
        <message>
            <source>{waiting} waiting, {decided} decided</source>
            <translation>{waiting} 个等待，{decided} 个已决定</translation>
        </message>
        <message>
            <source>{what}, overdue</source>
            <translation>{what}，已超期</translation>
        </message>
        <message>
            <source>{what}, since {span}</source>
            <translation>{what}，已 {span}</translation>
        </message>
        <message>
            <source>{what}, until {time}</source>
            <translation>{what}，至 {time}</translation>
        </message>
        <message>
            <source>{whom} declined</source>
            <translation>{whom} 已谢绝</translation>
        </message>
        <message>
            <source>{who} invited {whom}</source>
            <translation>{who} 邀请了 {whom}</translation>
        </message>
        <message>
            <source>{who} is {role} now</source>
            <translation>{who} 现为{role}</translation>
        </message>
        <message>
            <source>{who} joined</source>
            <translation>{who} 已加入</translation>
        </message>
        <message>
            <source>{who} left</source>
            <translation>{who} 已退出</translation>
        </message>
        <message>
            <source>{who} made the group</source>
            <translation>{who} 创建了群组</translation>
        </message>
        <message>
            <source>{who} reads your reason. Nothing of the code runs here.</source>
            <translation>{who} 会看到您的原因。代码的任何部分都不会在此运行。</translation>
        </message>
        <message>
            <source>{who} renamed the group to {detail}</source>
            <translation>{who} 将群组重命名为 {detail}</translation>
        </message>
        <message>
            <source>“{rule}” is off</source>
            <translation>“{rule}”已关闭</translation>
        </message>
        <message>
            <source>“{rule}” is on</source>
            <translation>“{rule}”已开启</translation>
        </message>
    </context>
    <context>
        <name>Wire</name>
        <message>
            <source>'{bucket}' is no bucket's name.</source>
            <translation>“{bucket}”不是存储桶名称。</translation>
        </message>
        <message>
            <source>'{content}' is no kind of input.</source>
            <translation>“{content}”不是可用的输入类型。</translation>
        </message>
        <message>
            <source>'{digest}' is not a content digest.</source>
            <translation>“{digest}”不是内容摘要。</translation>
        </message>
        <message>
            <source>'{email}' is not an e-mail address.</source>
            <translation>“{email}”不是电子邮件地址。</translation>
        </message>
        <message>
            <source>'{entry}' has no {name1} called '{name2}' ({len3} of that kind were found).</source>
            <translation>“{entry}”中没有名为“{name2}”的 {name1}（找到 {len3} 个同类对象）。</translation>
        </message>
        <message>
            <source>'{key}' is no finite number; it is not drawn.</source>
            <translation>“{key}”不是有限数值，不予绘制。</translation>
        </message>
        <message>
            <source>'{kind}' is not a kind of dataset.</source>
            <translation>“{kind}”不是数据集的类型。</translation>
        </message>
        <message>
            <source>'{kind}' is not understood.</source>
            <translation>无法识别“{kind}”。</translation>
        </message>
        <message>
            <source>'{name}' has type {name1}</source>
            <translation>“{name}”的类型是 {name1}</translation>
        </message>
        <message>
            <source>'{name}' is cut</source>
            <translation>“{name}”不完整</translation>
        </message>
        <message>
            <source>'{name}' is no NumPy array</source>
            <translation>“{name}”不是 NumPy 数组</translation>
        </message>
        <message>
            <source>'{name}' is serialised as '{stype1}'</source>
            <translation>“{name}”以“{stype1}”格式序列化</translation>
        </message>
        <message>
            <source>'{name}' is the folder that the setting data_dir names.</source>
            <translation>“{name}”是设置 data_dir 指定的文件夹。</translation>
        </message>
        <message>
            <source>'{name}' names two things</source>
            <translation>“{name}”这一名称出现了两次</translation>
        </message>
        <message>
            <source>'{scope}' is not a scope of an approval.</source>
            <translation>“{scope}”不是审批的适用范围。</translation>
        </message>
        <message>
            <source>'{text}' is not the address of a hub.</source>
            <translation>“{text}”不是中枢的地址。</translation>
        </message>
        <message>
            <source>'{text}' is not the address of a proxy.</source>
            <translation>“{text}”不是代理服务器的地址。</translation>
        </message>
        <message>
            <source>'{topic}' carries no edge id.</source>
            <translation>“{topic}”不含边缘编号。</translation>
        </message>
        <message>
            <source>'{topic}' is not a topic on which devices speak.</source>
            <translation>“{topic}”不是设备发言的主题。</translation>
        </message>
        <message>
            <source>A Flower app has a pyproject.toml; there is none in this folder.</source>
            <translation>Flower 应用应有 pyproject.toml，但此文件夹中没有。</translation>
        </message>
        <message>
            <source>A backup or a restore goes on already.</source>
            <translation>已有备份或恢复正在进行。</translation>
        </message>
        <message>
            <source>A batch of {len} records is over the limit of {records1}.</source>
            <translation>一批 {len} 条记录超出上限 {records1}。</translation>
        </message>
        <message>
            <source>A blob is not named by a sha256.</source>
            <translation>数据块未以 sha256 命名。</translation>
        </message>
        <message>
            <source>A blob of {length} bytes is over the limit.</source>
            <translation>{length} 字节的数据块超出上限。</translation>
        </message>
        <message>
            <source>A blob of {size} bytes is over the hub's limit.</source>
            <translation>{size} 字节的数据块超出中枢的上限。</translation>
        </message>
        <message>
            <source>A dataset needs a file or folder.</source>
            <translation>数据集需要文件或文件夹。</translation>
        </message>
        <message>
            <source>A dataset needs a name of 1 to 100 letters.</source>
            <translation>数据集需要 1 到 100 个字符的名称。</translation>
        </message>
        <message>
            <source>A device can have one part in a run only.</source>
            <translation>一台设备在一个运行中只能承担一个角色。</translation>
        </message>
        <message>
            <source>A device or network disk may hold it; restart the machine.</source>
            <translation>它可能被设备或网络磁盘占住；请重启这台机器。</translation>
        </message>
        <message>
            <source>A device sent a message of an unknown shape: {first}</source>
            <translation>某设备发来无法识别的消息：{first}</translation>
        </message>
        <message>
            <source>A download broke off after {have} of {size1} bytes.</source>
            <translation>下载在 {size1} 字节中的 {have} 字节处中断。</translation>
        </message>
        <message>
            <source>A firewall may block this port, or the hub's broker is down.</source>
            <translation>可能是防火墙阻断了此端口，或中枢的消息代理已停止。</translation>
        </message>
        <message>
            <source>A firewall on the way drops the packets, or the machine is off.</source>
            <translation>途中的防火墙丢弃了数据包，或该机器已关机。</translation>
        </message>
        <message>
            <source>A frame's header is not JSON.</source>
            <translation>帧头不是 JSON。</translation>
        </message>
        <message>
            <source>A frame's header names no kind.</source>
            <translation>帧头没有说明种类。</translation>
        </message>
        <message>
            <source>A frame's header of {len} bytes is over the limit.</source>
            <translation>{len} 字节的帧头超出上限。</translation>
        </message>
        <message>
            <source>A group's owner cannot leave it.</source>
            <translation>群组的所有者不能退出群组。</translation>
        </message>
        <message>
            <source>A group's owner keeps that role.</source>
            <translation>群组的所有者保留该角色。</translation>
        </message>
        <message>
            <source>A hub on another machine is stopped there.</source>
            <translation>另一台机器上的中枢须在那里停止。</translation>
        </message>
        <message>
            <source>A hub runs already in {parent}.</source>
            <translation>{parent} 中已有中枢在运行。</translation>
        </message>
        <message>
            <source>A hub runs in {root}.</source>
            <translation>{root} 中有中枢正在运行。</translation>
        </message>
        <message>
            <source>A key or signature is not base64.</source>
            <translation>密钥或签名不是 base64。</translation>
        </message>
        <message>
            <source>A local client did not show the agent's token.</source>
            <translation>本地客户端没有出示代理的令牌。</translation>
        </message>
        <message>
            <source>A message cannot be read: {error}</source>
            <translation>消息无法读取：{error}</translation>
        </message>
        <message>
            <source>A message does not start as SiloDesk's messages do.</source>
            <translation>消息的开头与 SiloDesk 消息不符。</translation>
        </message>
        <message>
            <source>A message of {len} bytes is over the broker's {limit1}.</source>
            <translation>{len} 字节的消息超出消息代理的上限 {limit1}。</translation>
        </message>
        <message>
            <source>A message's body is over the limit.</source>
            <translation>消息正文超出上限。</translation>
        </message>
        <message>
            <source>A message's header is longer than the message or the limit.</source>
            <translation>消息头超出消息长度或上限。</translation>
        </message>
        <message>
            <source>A newer start of this run is known.</source>
            <translation>已有此运行的更新启动。</translation>
        </message>
        <message>
            <source>A number in what was to be sent is not finite.</source>
            <translation>待发送的内容中有非有限数值。</translation>
        </message>
        <message>
            <source>A parameter is no finite number, text, list or table.</source>
            <translation>参数不是有限数值、文本、列表或表。</translation>
        </message>
        <message>
            <source>A password has 8 to 1000 characters.</source>
            <translation>密码长度须为 8 至 1000 个字符。</translation>
        </message>
        <message>
            <source>A picture of {width} x {height1} pixels is too large.</source>
            <translation>{width} x {height1} 像素的图片过大。</translation>
        </message>
        <message>
            <source>A quorum of {quorum} cannot be met by {len1} silos.</source>
            <translation>{len1} 个站点无法满足法定数 {quorum}。</translation>
        </message>
        <message>
            <source>A refusal needs a reason; the run's owner reads it.</source>
            <translation>拒绝须说明原因；运行的所有者会看到它。</translation>
        </message>
        <message>
            <source>A request is longer than the limit.</source>
            <translation>请求长度超出上限。</translation>
        </message>
        <message>
            <source>A request is not JSON.</source>
            <translation>请求不是 JSON。</translation>
        </message>
        <message>
            <source>A request names no method.</source>
            <translation>请求没有写明方法。</translation>
        </message>
        <message>
            <source>A request {kind} cannot be read.</source>
            <translation>请求的 {kind} 无法读取。</translation>
        </message>
        <message>
            <source>A request's params are not an object.</source>
            <translation>请求的参数不是对象。</translation>
        </message>
        <message>
            <source>A round message's tensors are neither all inside nor all outside.</source>
            <translation>轮次消息的张量既非全部内嵌，也非全部外置。</translation>
        </message>
        <message>
            <source>A round message's tensors have other sizes than it says.</source>
            <translation>轮次消息的张量大小与其所述不符。</translation>
        </message>
        <message>
            <source>A run needs at least one client device.</source>
            <translation>运行至少需要一台客户端设备。</translation>
        </message>
        <message>
            <source>A run that is {state} cannot be paused.</source>
            <translation>状态为 {state} 的运行不能暂停。</translation>
        </message>
        <message>
            <source>A signature does not match what it signs.</source>
            <translation>签名与所签内容不符。</translation>
        </message>
        <message>
            <source>A tensor inside a message has another sha256 than it says.</source>
            <translation>消息中张量的 sha256 与其所述不符。</translation>
        </message>
        <message>
            <source>A value is not finite.</source>
            <translation>有值不是有限数值。</translation>
        </message>
        <message>
            <source>A {kind} frame of the job was dropped: {type1}: {error2}</source>
            <translation>作业的一个 {kind} 帧被丢弃：{type1}：{error2}</translation>
        </message>
        <message>
            <source>A {kind} frame of {length1} bytes is too long.</source>
            <translation>{length1} 字节的 {kind} 帧过长。</translation>
        </message>
        <message>
            <source>A {kind} of {size1} bytes (round {round2}) could not be uploaded: {error3} {dropped4} message(s) that needed it were dropped.</source>
            <translation>{size1} 字节的 {kind}（第 {round2} 轮）无法上传：{error3} 需要它的 {dropped4} 条消息已丢弃。</translation>
        </message>
        <message>
            <source>Add [tool.silodesk.model] to its pyproject.toml (or silodesk_model to fedml_config.yaml), build it again, and run it.</source>
            <translation>请在其 pyproject.toml 中加入 [tool.silodesk.model]（或在 fedml_config.yaml 中加入 silodesk_model），重新构建并运行。</translation>
        </message>
        <message>
            <source>Add one of {join} to it, or leave the number out.</source>
            <translation>请加入 {join} 之一，或省略数字。</translation>
        </message>
        <message>
            <source>Agent and client may be of different versions; restart the agent.</source>
            <translation>代理与客户端可能版本不同；请重启代理。</translation>
        </message>
        <message>
            <source>All rounds are done.</source>
            <translation>所有轮次已完成。</translation>
        </message>
        <message>
            <source>Allow it more space, or let it write less.</source>
            <translation>请为它提供更多空间，或让它少写一些。</translation>
        </message>
        <message>
            <source>Allow it more.</source>
            <translation>请放宽限额。</translation>
        </message>
        <message>
            <source>Allow jobs more memory at that site (setting job_memory), close other programs there, or make batches or the model smaller.</source>
            <translation>请在该站点为作业提供更多内存（设置 job_memory），关闭其他程序，或减小批量或模型。</translation>
        </message>
        <message>
            <source>Allow outgoing connections to {host}, or start the hub's store.</source>
            <translation>请允许向 {host} 建立外发连接，或启动中枢的存储。</translation>
        </message>
        <message>
            <source>Allowed by {decided} ({get1}).</source>
            <translation>由 {decided} 批准（{get1}）。</translation>
        </message>
        <message>
            <source>An account needs a name of at most 200 characters.</source>
            <translation>账户需要不超过 200 个字符的名称。</translation>
        </message>
        <message>
            <source>An agent runs already for {parent}.</source>
            <translation>{parent} 的代理已在运行。</translation>
        </message>
        <message>
            <source>An application is one Flower package, or one client and one server package; this is {join}.</source>
            <translation>一个应用由一个 Flower 程序包，或一个客户端与一个服务器程序包组成；这里是 {join}。</translation>
        </message>
        <message>
            <source>An empty prefix would delete the whole store.</source>
            <translation>空前缀会删除整个存储。</translation>
        </message>
        <message>
            <source>Another agent has been making this runtime for {bound} min.</source>
            <translation>另一个代理已花了 {bound} 分钟制作此运行时。</translation>
        </message>
        <message>
            <source>Another agent is making this runtime; waiting for it</source>
            <translation>另一个代理正在制作此运行时；正在等待</translation>
        </message>
        <message>
            <source>Another agent took over job {job}.</source>
            <translation>作业 {job} 已由另一个代理接管。</translation>
        </message>
        <message>
            <source>Another process holds {path} for more than {limit1} s.</source>
            <translation>另一个进程占用 {path} 已超过 {limit1} 秒。</translation>
        </message>
        <message>
            <source>Another program listens there, or a device on the way swallows the answer.</source>
            <translation>那里有其他程序在监听，或途中的设备截走了应答。</translation>
        </message>
        <message>
            <source>Another program or a proxy's own page answered.</source>
            <translation>应答的是其他程序或代理服务器自己的页面。</translation>
        </message>
        <message>
            <source>Another run was created with this idempotency key.</source>
            <translation>已有另一个运行使用此幂等键创建。</translation>
        </message>
        <message>
            <source>Another script sent an array that cannot be read: {error}</source>
            <translation>另一个脚本发来无法读取的数组：{error}</translation>
        </message>
        <message>
            <source>Approval {approval} is {state1} already.</source>
            <translation>审批 {approval} 已是 {state1}。</translation>
        </message>
        <message>
            <source>Ask a group's owner or the hub's administrator for an invitation link.</source>
            <translation>请向群组的所有者或中枢管理员索取邀请链接。</translation>
        </message>
        <message>
            <source>Ask for a new one.</source>
            <translation>请索取新的。</translation>
        </message>
        <message>
            <source>Ask its builder for it again; nothing of it was used.</source>
            <translation>请向构建者重新索取；其内容未被使用。</translation>
        </message>
        <message>
            <source>Ask its operator to share it with the group.</source>
            <translation>请其操作员将它共享给群组。</translation>
        </message>
        <message>
            <source>Ask the IT desk to allow outgoing connections to {where}.</source>
            <translation>请 IT 部门允许向 {where} 建立外发连接。</translation>
        </message>
        <message>
            <source>Ask the IT desk to allow {host}:{port1}; the letter says exactly what.</source>
            <translation>请 IT 部门允许 {host}:{port1}；信函中有确切说明。</translation>
        </message>
        <message>
            <source>Ask the IT desk to let it pass without inspection; look at the store's log.</source>
            <translation>请 IT 部门放行且不作检查；并查看存储的日志。</translation>
        </message>
        <message>
            <source>Ask the IT desk to let {host} pass without inspection, or to install the gateway's certificate on this machine.</source>
            <translation>请 IT 部门放行 {host} 且不作检查，或在本机安装网关的证书。</translation>
        </message>
        <message>
            <source>Ask the IT desk whether this proxy is the right one.</source>
            <translation>请询问 IT 部门此代理服务器是否正确。</translation>
        </message>
        <message>
            <source>Ask the administrator to enable it again.</source>
            <translation>请管理员重新启用它。</translation>
        </message>
        <message>
            <source>Ask the application's owner; nothing of it was used.</source>
            <translation>请询问应用的所有者；其内容未被使用。</translation>
        </message>
        <message>
            <source>Ask the builder for a smaller file.</source>
            <translation>请向构建者索取较小的文件。</translation>
        </message>
        <message>
            <source>Ask the builder for it again; nothing of it was used.</source>
            <translation>请向构建者重新索取；其内容未被使用。</translation>
        </message>
        <message>
            <source>Ask the group's owner to add you.</source>
            <translation>请群组的所有者将您加入。</translation>
        </message>
        <message>
            <source>Ask the group's owner to do it or to change your role.</source>
            <translation>请群组的所有者代为操作，或更改您的角色。</translation>
        </message>
        <message>
            <source>Ask the hub for a new address; check this machine's clock if it happens again.</source>
            <translation>请向中枢索取新地址；若再次发生，请检查本机时钟。</translation>
        </message>
        <message>
            <source>Ask the hub's administrator for a certificate of a known authority, or let your IT desk install this one on the machine after comparing its fingerprint.</source>
            <translation>请中枢管理员换用知名机构的证书，或由 IT 部门核对指纹后在本机安装此证书。</translation>
        </message>
        <message>
            <source>Ask the hub's administrator for a new one.</source>
            <translation>请向中枢管理员索取新的。</translation>
        </message>
        <message>
            <source>Ask the hub's administrator for an https address.</source>
            <translation>请向中枢管理员索取 https 地址。</translation>
        </message>
        <message>
            <source>Ask the sender to sign and send it again; nothing of it was used.</source>
            <translation>请发送者重新签名并发送；其内容未被使用。</translation>
        </message>
        <message>
            <source>Ask {invited} for a new one; if it was you who used it, sign in instead.</source>
            <translation>请向 {invited} 索取新的邀请；若是您本人使用的，请直接登录。</translation>
        </message>
        <message>
            <source>Asking the job runtime</source>
            <translation>正在询问作业运行时</translation>
        </message>
        <message>
            <source>Bad user name or password</source>
            <translation>用户名或密码错误</translation>
        </message>
        <message>
            <source>Base runtime</source>
            <translation>基础运行时</translation>
        </message>
        <message>
            <source>Between 1 and {limit} hours of traffic can be asked for.</source>
            <translation>可查询 1 到 {limit} 小时的流量。</translation>
        </message>
        <message>
            <source>Bind it again, then add it.</source>
            <translation>请重新绑定，然后再加入。</translation>
        </message>
        <message>
            <source>Bind it from the device itself.</source>
            <translation>请在该设备上绑定。</translation>
        </message>
        <message>
            <source>Bind it: `silodesk login --hub URL EMAIL`, or `silodesk join LINK`.</source>
            <translation>请绑定：`silodesk login --hub URL EMAIL` 或 `silodesk join LINK`。</translation>
        </message>
        <message>
            <source>Bind the device again, if its owner agrees.</source>
            <translation>若其所有者同意，请重新绑定该设备。</translation>
        </message>
        <message>
            <source>Bind the device again.</source>
            <translation>请重新绑定该设备。</translation>
        </message>
        <message>
            <source>Bind the device again; its credentials were revoked or renewed.</source>
            <translation>请重新绑定该设备；其凭据已撤销或更新。</translation>
        </message>
        <message>
            <source>Bind the device first.</source>
            <translation>请先绑定该设备。</translation>
        </message>
        <message>
            <source>Bring both to the same version.</source>
            <translation>请将两者更新到相同版本。</translation>
        </message>
        <message>
            <source>Bring it back or check its rights, or remove the dataset.</source>
            <translation>请恢复它或检查其权限，或移除该数据集。</translation>
        </message>
        <message>
            <source>Build it with `-t {other}`, or name the file of the {role1}.</source>
            <translation>请用 `-t {other}` 构建，或指定 {role1} 的文件。</translation>
        </message>
        <message>
            <source>Build it with `-t {role}`, or choose another package for this role.</source>
            <translation>请用 `-t {role}` 构建，或为此角色选择另一个程序包。</translation>
        </message>
        <message>
            <source>Build it with `silodesk build`, or check the path.</source>
            <translation>请用 `silodesk build` 构建，或检查路径。</translation>
        </message>
        <message>
            <source>Build one with `silodesk build`.</source>
            <translation>请用 `silodesk build` 构建一个。</translation>
        </message>
        <message>
            <source>Build the missing package and choose both.</source>
            <translation>请构建缺少的程序包，然后选择两者。</translation>
        </message>
        <message>
            <source>Build the package again with the right entry point.</source>
            <translation>请用正确的入口重新构建程序包。</translation>
        </message>
        <message>
            <source>Build the package again.</source>
            <translation>请重新构建程序包。</translation>
        </message>
        <message>
            <source>Call the one that shall run `app`.</source>
            <translation>请把要运行的那个命名为 `app`。</translation>
        </message>
        <message>
            <source>Calls that silos will see marked</source>
            <translation>站点会看到被标出的调用</translation>
        </message>
        <message>
            <source>Cannot allocate memory</source>
            <translation>无法分配内存</translation>
        </message>
        <message>
            <source>Change .gitignore or -ig, or name another entry point.</source>
            <translation>请修改 .gitignore 或 -ig，或指定其他入口。</translation>
        </message>
        <message>
            <source>Check both; after some failures the hub makes you wait.</source>
            <translation>请检查两者；多次失败后，中枢会要求等待。</translation>
        </message>
        <message>
            <source>Check its permissions, or leave it out with -ig.</source>
            <translation>请检查其权限，或用 -ig 排除它。</translation>
        </message>
        <message>
            <source>Check its permissions.</source>
            <translation>请检查其权限。</translation>
        </message>
        <message>
            <source>Check that it is a source file.</source>
            <translation>请确认它是源文件。</translation>
        </message>
        <message>
            <source>Check that the database runs and that its address and password are right.</source>
            <translation>请确认数据库正在运行，且地址和密码正确。</translation>
        </message>
        <message>
            <source>Check that the disk has space left.</source>
            <translation>请确认磁盘有剩余空间。</translation>
        </message>
        <message>
            <source>Check that the folder exists and may be written.</source>
            <translation>请确认文件夹存在且可写。</translation>
        </message>
        <message>
            <source>Check that the hub runs and that this machine may reach it.</source>
            <translation>请确认中枢正在运行，且本机可以访问它。</translation>
        </message>
        <message>
            <source>Check that the hub's home folder belongs to you and is writable.</source>
            <translation>请确认中枢的主文件夹属于您且可写。</translation>
        </message>
        <message>
            <source>Check that this Python works, then try again.</source>
            <translation>请确认此 Python 可用，然后重试。</translation>
        </message>
        <message>
            <source>Check the access key, the secret key and the bucket's rights.</source>
            <translation>请检查访问密钥、私密密钥和存储桶的权限。</translation>
        </message>
        <message>
            <source>Check the address and the network.</source>
            <translation>请检查地址和网络。</translation>
        </message>
        <message>
            <source>Check the address and the port.</source>
            <translation>请检查地址和端口。</translation>
        </message>
        <message>
            <source>Check the address, or let the hub's administrator renew its certificate.</source>
            <translation>请检查地址，或请中枢管理员更新证书。</translation>
        </message>
        <message>
            <source>Check the address, or start the hub.</source>
            <translation>请检查地址，或启动中枢。</translation>
        </message>
        <message>
            <source>Check the address: it must be the name in the certificate.</source>
            <translation>请检查地址：它必须是证书中的名称。</translation>
        </message>
        <message>
            <source>Check the address; the list is in /openapi.json.</source>
            <translation>请检查地址；列表见 /openapi.json。</translation>
        </message>
        <message>
            <source>Check the disk's free space and the folder's permissions.</source>
            <translation>请检查磁盘剩余空间和文件夹权限。</translation>
        </message>
        <message>
            <source>Check the folder's permissions and the space left on its disk.</source>
            <translation>请检查文件夹权限及其磁盘的剩余空间。</translation>
        </message>
        <message>
            <source>Check the folder's permissions.</source>
            <translation>请检查文件夹权限。</translation>
        </message>
        <message>
            <source>Check the hub's address; a proxy may have answered instead.</source>
            <translation>请检查中枢地址；应答的可能是代理服务器。</translation>
        </message>
        <message>
            <source>Check the hub's address; another program or a proxy may be there.</source>
            <translation>请检查中枢地址；那里可能是其他程序或代理服务器。</translation>
        </message>
        <message>
            <source>Check the network and send it again.</source>
            <translation>请检查网络，然后重新发送。</translation>
        </message>
        <message>
            <source>Check the network or proxy, or name a wheelhouse in pip's configuration.</source>
            <translation>请检查网络或代理服务器，或在 pip 配置中指定 wheel 文件夹。</translation>
        </message>
        <message>
            <source>Check the network or proxy, then look again.</source>
            <translation>请检查网络或代理服务器，然后重新查看。</translation>
        </message>
        <message>
            <source>Check the network or proxy, then start the run again; what was fetched is kept.</source>
            <translation>请检查网络或代理，然后重新启动运行；已获取的内容会保留。</translation>
        </message>
        <message>
            <source>Check the number, or ask the group's owner to add you.</source>
            <translation>请检查编号，或请群组的所有者将您加入。</translation>
        </message>
        <message>
            <source>Check the number.</source>
            <translation>请检查编号。</translation>
        </message>
        <message>
            <source>Check the path and its permissions.</source>
            <translation>请检查路径及其权限。</translation>
        </message>
        <message>
            <source>Check the path.</source>
            <translation>请检查路径。</translation>
        </message>
        <message>
            <source>Check the permissions of its folder and the free space.</source>
            <translation>请检查其文件夹的权限和剩余空间。</translation>
        </message>
        <message>
            <source>Check the permissions of that folder, then try again.</source>
            <translation>请检查该文件夹的权限，然后重试。</translation>
        </message>
        <message>
            <source>Check the port, and whether the address begins with http:// or https://.</source>
            <translation>请检查端口，以及地址是以 http:// 还是 https:// 开头。</translation>
        </message>
        <message>
            <source>Check the rights of the account that runs SiloDesk, then read it again.</source>
            <translation>请检查运行 SiloDesk 的账户的权限，然后重新读取。</translation>
        </message>
        <message>
            <source>Check the spelling; where it is right, ask the IT desk whether this network may look the name up.</source>
            <translation>请检查拼写；若无误，请询问 IT 部门此网络能否解析该名称。</translation>
        </message>
        <message>
            <source>Check this machine's clock and start the run again.</source>
            <translation>请检查本机时钟，然后重新启动运行。</translation>
        </message>
        <message>
            <source>Check whether the address should begin with http:// or https://.</source>
            <translation>请检查地址应以 http:// 还是 https:// 开头。</translation>
        </message>
        <message>
            <source>Checking the backup</source>
            <translation>正在检查备份</translation>
        </message>
        <message>
            <source>Choose a file that its list shows.</source>
            <translation>请选择列表中显示的文件。</translation>
        </message>
        <message>
            <source>Choose a folder that exists, is yours, and has room.</source>
            <translation>请选择存在、属于您且空间足够的文件夹。</translation>
        </message>
        <message>
            <source>Choose a longer one; a few words are fine.</source>
            <translation>请使用更长的密码；几个词即可。</translation>
        </message>
        <message>
            <source>Choose a number from 1 to {len}.</source>
            <translation>请选择 1 到 {len} 的数字。</translation>
        </message>
        <message>
            <source>Choose another dataset, or let this group use it on the Datasets page.</source>
            <translation>请选择其他数据集，或在“数据集”页面允许此群组使用它。</translation>
        </message>
        <message>
            <source>Choose another device for the server job, or leave it out as a client.</source>
            <translation>请为服务器作业选择其他设备，或不将其用作客户端。</translation>
        </message>
        <message>
            <source>Choose another name.</source>
            <translation>请选择其他名称。</translation>
        </message>
        <message>
            <source>Choose client, server or Flower app.</source>
            <translation>请选择客户端、服务器或 Flower 应用。</translation>
        </message>
        <message>
            <source>Choose one of its tables.</source>
            <translation>请选择其中的一个表。</translation>
        </message>
        <message>
            <source>Choose one of the group's applications, or create it there.</source>
            <translation>请选择群组的一个应用，或在那里创建。</translation>
        </message>
        <message>
            <source>Choose one of the listed projects.</source>
            <translation>请选择列出的项目。</translation>
        </message>
        <message>
            <source>Choose one of {join}, or leave it open.</source>
            <translation>请选择 {join} 之一，或留空。</translation>
        </message>
        <message>
            <source>Choose one of {join}, or leave it out.</source>
            <translation>请选择 {join} 之一，或省略。</translation>
        </message>
        <message>
            <source>Choose one of {join}.</source>
            <translation>请选择 {join} 之一。</translation>
        </message>
        <message>
            <source>Choose the devices that should train.</source>
            <translation>请选择参与训练的设备。</translation>
        </message>
        <message>
            <source>Choose torchscript, or save the model as safetensors.</source>
            <translation>请选择 torchscript，或将模型保存为 safetensors。</translation>
        </message>
        <message>
            <source>Choose torchscript.</source>
            <translation>请选择 torchscript。</translation>
        </message>
        <message>
            <source>Clear that setting first; then remove the dataset.</source>
            <translation>请先清除该设置，然后移除数据集。</translation>
        </message>
        <message>
            <source>Clone it to run it again.</source>
            <translation>请克隆它以再次运行。</translation>
        </message>
        <message>
            <source>Code in the package must not write to the descriptor of standard output directly.</source>
            <translation>程序包中的代码不得直接写入标准输出描述符。</translation>
        </message>
        <message>
            <source>Config cannot be read</source>
            <translation>配置无法读取</translation>
        </message>
        <message>
            <source>Config is readable</source>
            <translation>配置可读取</translation>
        </message>
        <message>
            <source>Config names no rounds</source>
            <translation>配置未写明轮数</translation>
        </message>
        <message>
            <source>Connects through the proxy.</source>
            <translation>通过代理服务器连接。</translation>
        </message>
        <message>
            <source>Copy it from `silodesk package inspect FILE`.</source>
            <translation>请从 `silodesk package inspect FILE` 复制。</translation>
        </message>
        <message>
            <source>Copying packages, models and tensors</source>
            <translation>正在复制程序包、模型和张量</translation>
        </message>
        <message>
            <source>Copying the database</source>
            <translation>正在复制数据库</translation>
        </message>
        <message>
            <source>Copying the logs of runs</source>
            <translation>正在复制运行日志</translation>
        </message>
        <message>
            <source>Correct [tool.silodesk.model] in pyproject.toml, or silodesk_model in fedml_config.yaml.</source>
            <translation>请更正 pyproject.toml 中的 [tool.silodesk.model]，或 fedml_config.yaml 中的 silodesk_model。</translation>
        </message>
        <message>
            <source>Correct it and build again.</source>
            <translation>请更正后重新构建。</translation>
        </message>
        <message>
            <source>Correct it and send it again.</source>
            <translation>请更正后重新发送。</translation>
        </message>
        <message>
            <source>Correct it and try again.</source>
            <translation>请更正后重试。</translation>
        </message>
        <message>
            <source>Correct it, then preview again.</source>
            <translation>请更正后重新预览。</translation>
        </message>
        <message>
            <source>Correct that line and build again.</source>
            <translation>请更正该行后重新构建。</translation>
        </message>
        <message>
            <source>Correct that line, or delete it to get the default.</source>
            <translation>请更正该行，或删除它以使用默认值。</translation>
        </message>
        <message>
            <source>Correct the address.</source>
            <translation>请更正地址。</translation>
        </message>
        <message>
            <source>Correct the declaration and build the app again.</source>
            <translation>请更正声明并重新构建应用。</translation>
        </message>
        <message>
            <source>Correct the file, or rename it to begin without rules.</source>
            <translation>请更正该文件，或将其改名以便从无规则开始。</translation>
        </message>
        <message>
            <source>Correct the input and send it again.</source>
            <translation>请更正输入后重新发送。</translation>
        </message>
        <message>
            <source>Correct the name in pyproject.toml or in {shown}.</source>
            <translation>请更正 pyproject.toml 或 {shown} 中的名称。</translation>
        </message>
        <message>
            <source>Correct the name or version in the package, or have it offered to pip at that site.</source>
            <translation>请更正程序包中的名称或版本，或让该站点的 pip 能获取它。</translation>
        </message>
        <message>
            <source>Correct the name, or check that the file is not ignored.</source>
            <translation>请更正名称，或确认该文件未被忽略。</translation>
        </message>
        <message>
            <source>Correct the parameters.</source>
            <translation>请更正参数。</translation>
        </message>
        <message>
            <source>Correct the proxy under Settings, or ask the IT desk.</source>
            <translation>请在“设置”中更正代理服务器，或询问 IT 部门。</translation>
        </message>
        <message>
            <source>Correct the value and try again; the rules stay as they were.</source>
            <translation>请更正该值后重试；规则保持原样。</translation>
        </message>
        <message>
            <source>Could not fetch URL</source>
            <translation>无法获取 URL</translation>
        </message>
        <message>
            <source>Create the run again with devices of the group.</source>
            <translation>请用群组的设备重新创建运行。</translation>
        </message>
        <message>
            <source>Credentials and orders have times in them; a wrong clock makes them look expired.</source>
            <translation>凭据和指令中带有时间；时钟错误会使其看似过期。</translation>
        </message>
        <message>
            <source>Do not use it; ask its sender what it is. Nothing of it was written.</source>
            <translation>请勿使用；请询问发送者这是什么。其内容未写入任何地方。</translation>
        </message>
        <message>
            <source>Drop the upload.</source>
            <translation>请放弃此上传。</translation>
        </message>
        <message>
            <source>Each check passed.</source>
            <translation>每项检查都已通过。</translation>
        </message>
        <message>
            <source>Either your network's security gateway replaces the hub's certificate with its own, or the hub uses an authority of its own. {stopped}</source>
            <translation>或者您网络的安全网关用自己的证书替换了中枢的证书，或者中枢使用自己的证书机构。{stopped}</translation>
        </message>
        <message>
            <source>End it, then try again.</source>
            <translation>请先结束它，然后重试。</translation>
        </message>
        <message>
            <source>End programs that hold many ports, then try again.</source>
            <translation>请结束占用大量端口的程序，然后重试。</translation>
        </message>
        <message>
            <source>End some of the programs that listen there.</source>
            <translation>请结束部分占用端口的程序。</translation>
        </message>
        <message>
            <source>End the --s3 address with the bucket, of at least three letters.</source>
            <translation>请在 --s3 地址末尾写上存储桶，至少三个字母。</translation>
        </message>
        <message>
            <source>End the program that listens there, or choose another with --port.</source>
            <translation>请结束占用该端口的程序，或用 --port 另选端口。</translation>
        </message>
        <message>
            <source>Enter the name under which others should see you.</source>
            <translation>请输入他人看到的您的名称。</translation>
        </message>
        <message>
            <source>Entry file found</source>
            <translation>已找到入口文件</translation>
        </message>
        <message>
            <source>Everything imported is found</source>
            <translation>所有导入均已找到</translation>
        </message>
        <message>
            <source>Everything that this machine needs can be reached.</source>
            <translation>本机所需的一切都可到达。</translation>
        </message>
        <message>
            <source>FedML's broker access</source>
            <translation>FedML 的消息代理访问信息</translation>
        </message>
        <message>
            <source>Fetch it again; if it stays so, ask its builder for it. Nothing was used.</source>
            <translation>请重新获取；若仍如此，请向构建者索取。其内容未被使用。</translation>
        </message>
        <message>
            <source>Fetch or build it again; nothing of it was written.</source>
            <translation>请重新获取或构建；其内容未写入任何地方。</translation>
        </message>
        <message>
            <source>Fetches the model</source>
            <translation>正在获取模型</translation>
        </message>
        <message>
            <source>Fetches the model.</source>
            <translation>正在获取模型。</translation>
        </message>
        <message>
            <source>Fetches the package.</source>
            <translation>正在获取程序包。</translation>
        </message>
        <message>
            <source>Filling the object store</source>
            <translation>正在填充对象存储</translation>
        </message>
        <message>
            <source>Free at least {least} MB, or give the hub another --home.</source>
            <translation>请至少腾出 {least} MB，或为中枢另设 --home。</translation>
        </message>
        <message>
            <source>Free some disk space; work goes on by itself then.</source>
            <translation>请腾出一些磁盘空间；之后工作会自动继续。</translation>
        </message>
        <message>
            <source>Free some memory, then read the dataset again.</source>
            <translation>请释放一些内存，然后再次读取该数据集。</translation>
        </message>
        <message>
            <source>Free some space (a runtime takes about 1.2 GB), then try again.</source>
            <translation>请腾出一些空间（运行时约需 1.2 GB），然后重试。</translation>
        </message>
        <message>
            <source>Free some space or check the folder's permissions.</source>
            <translation>请腾出一些空间，或检查文件夹权限。</translation>
        </message>
        <message>
            <source>Free some space where {folder} lies.</source>
            <translation>请在 {folder} 所在处腾出一些空间。</translation>
        </message>
        <message>
            <source>Free some space, or check that the folder belongs to you.</source>
            <translation>请腾出一些空间，或确认文件夹属于您。</translation>
        </message>
        <message>
            <source>Free some space, or move SiloDesk's folders to a larger disk.</source>
            <translation>请腾出一些空间，或把 SiloDesk 的文件夹移到更大的磁盘。</translation>
        </message>
        <message>
            <source>Free some space, or move the cache with SILODESK_CACHE.</source>
            <translation>请腾出一些空间，或用 SILODESK_CACHE 移动缓存。</translation>
        </message>
        <message>
            <source>Free some space, or name another destination folder: -df FOLDER.</source>
            <translation>请腾出一些空间，或另指定目标文件夹：-df FOLDER。</translation>
        </message>
        <message>
            <source>Free some space, or restore an earlier backup if it is damaged.</source>
            <translation>请腾出一些空间；若备份已损坏，请恢复更早的备份。</translation>
        </message>
        <message>
            <source>Free some space, then start the run again.</source>
            <translation>请腾出一些空间，然后重新启动运行。</translation>
        </message>
        <message>
            <source>Free some space, then try again.</source>
            <translation>请腾出一些空间，然后重试。</translation>
        </message>
        <message>
            <source>Free some space.</source>
            <translation>请腾出一些空间。</translation>
        </message>
        <message>
            <source>Free some space; the download then goes on where it stopped.</source>
            <translation>请腾出一些空间；下载会从停下处继续。</translation>
        </message>
        <message>
            <source>Free space on the hub's disk; devices keep their lines until then.</source>
            <translation>请在中枢的磁盘上腾出空间；在此之前设备会保留日志行。</translation>
        </message>
        <message>
            <source>Free space on the hub's disk; nothing that was answered is lost.</source>
            <translation>请在中枢的磁盘上腾出空间；已应答的内容不会丢失。</translation>
        </message>
        <message>
            <source>Free space, or check that the folder belongs to you.</source>
            <translation>请腾出空间，或确认文件夹属于您。</translation>
        </message>
        <message>
            <source>Give an e-mail address, a name and a password, or sign in first.</source>
            <translation>请提供电子邮件地址、名称和密码，或先登录。</translation>
        </message>
        <message>
            <source>Give exactly the fields that this method takes.</source>
            <translation>请只提供此方法所需的字段。</translation>
        </message>
        <message>
            <source>Give fewer rows at once.</source>
            <translation>请一次少给几行。</translation>
        </message>
        <message>
            <source>Give it one that people recognise.</source>
            <translation>请给它一个人们认得出的名称。</translation>
        </message>
        <message>
            <source>Give it with the call.</source>
            <translation>请随调用一并提供。</translation>
        </message>
        <message>
            <source>Give rows, or the path of a CSV or picture file.</source>
            <translation>请给出数据行，或 CSV 或图片文件的路径。</translation>
        </message>
        <message>
            <source>Give {kind}, such as {before1}.</source>
            <translation>请提供{kind}，例如 {before1}。</translation>
        </message>
        <message>
            <source>Global evaluation</source>
            <translation>全局评估</translation>
        </message>
        <message>
            <source>Global {name} is NaN or infinite; it is not drawn.</source>
            <translation>全局 {name} 为 NaN 或无穷大，不予绘制。</translation>
        </message>
        <message>
            <source>Importing it in the sandbox</source>
            <translation>正在沙箱中导入</translation>
        </message>
        <message>
            <source>Install SiloDesk's requirements again, or name another by {outside}.</source>
            <translation>请重新安装 SiloDesk 的依赖，或用 {outside} 另行指定。</translation>
        </message>
        <message>
            <source>Install SiloDesk's requirements again; a program is missing.</source>
            <translation>请重新安装 SiloDesk 的依赖；缺少一个程序。</translation>
        </message>
        <message>
            <source>Install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap).</source>
            <translation>请安装 bubblewrap（Debian、Ubuntu：apt-get install bubblewrap）。</translation>
        </message>
        <message>
            <source>Install it (Debian, Ubuntu: apt-get install python3 python3-venv), then start the run again.</source>
            <translation>请安装（Debian、Ubuntu：apt-get install python3 python3-venv），然后重新启动运行。</translation>
        </message>
        <message>
            <source>Install it (Debian, Ubuntu: apt-get install python3-venv).</source>
            <translation>请安装（Debian、Ubuntu：apt-get install python3-venv）。</translation>
        </message>
        <message>
            <source>It comes from the future; the clocks differ.</source>
            <translation>它来自未来；两边的时钟不一致。</translation>
        </message>
        <message>
            <source>It did not answer a subscription.</source>
            <translation>它没有应答订阅。</translation>
        </message>
        <message>
            <source>It did not answer in time.</source>
            <translation>它没有及时应答。</translation>
        </message>
        <message>
            <source>It did not end within {bound} min.</source>
            <translation>它在 {bound} 分钟内没有结束。</translation>
        </message>
        <message>
            <source>It ended while the agent was away: its process is gone.</source>
            <translation>代理离开期间它已结束：其进程已不在。</translation>
        </message>
        <message>
            <source>It failed: {join}.</source>
            <translation>失败：{join}。</translation>
        </message>
        <message>
            <source>It goes on from there by itself.</source>
            <translation>它会自动从那里继续。</translation>
        </message>
        <message>
            <source>It has expired.</source>
            <translation>它已过期。</translation>
        </message>
        <message>
            <source>It is asked again by itself.</source>
            <translation>会自动再次询问。</translation>
        </message>
        <message>
            <source>It is for another device.</source>
            <translation>它是给另一台设备的。</translation>
        </message>
        <message>
            <source>It is made before the first run and takes about 1.2 GB.</source>
            <translation>它会在首次运行前制作，约需 1.2 GB。</translation>
        </message>
        <message>
            <source>It is made before the first run, or by `silodesk runtime make`.</source>
            <translation>它会在首次运行前制作，或用 `silodesk runtime make` 制作。</translation>
        </message>
        <message>
            <source>It is no message of a Flower app: {error}</source>
            <translation>它不是 Flower 应用的消息：{error}</translation>
        </message>
        <message>
            <source>It is no message of a job: {error}</source>
            <translation>它不是作业的消息：{error}</translation>
        </message>
        <message>
            <source>It is not needed.</source>
            <translation>不需要它。</translation>
        </message>
        <message>
            <source>It is not text, or very long.</source>
            <translation>它不是文本，或过长。</translation>
        </message>
        <message>
            <source>It is not wanted any more.</source>
            <translation>不再需要它。</translation>
        </message>
        <message>
            <source>It is tried again by itself.</source>
            <translation>它会自动重试。</translation>
        </message>
        <message>
            <source>It is tried again by itself; if it stays so, look at the hub's log.</source>
            <translation>它会自动重试；若仍如此，请查看中枢的日志。</translation>
        </message>
        <message>
            <source>It is tried again by itself; look at the store if it stays so.</source>
            <translation>它会自动重试；若仍如此，请查看存储。</translation>
        </message>
        <message>
            <source>It is tried again by itself; look at the store's log if it stays so.</source>
            <translation>它会自动重试；若仍如此，请查看存储的日志。</translation>
        </message>
        <message>
            <source>It lies in {hub}; the former one is in {hub1}.</source>
            <translation>它位于 {hub}；先前的位于 {hub1}。</translation>
        </message>
        <message>
            <source>It may have been deleted; upload it again.</source>
            <translation>它可能已被删除；请重新上传。</translation>
        </message>
        <message>
            <source>It may still do it; look again, or restart the agent.</source>
            <translation>它可能仍会完成；请稍后再看，或重启代理。</translation>
        </message>
        <message>
            <source>It means: {means}. Give a value of that kind.</source>
            <translation>它的含义：{means}。请提供该类型的值。</translation>
        </message>
        <message>
            <source>It said no JSON.</source>
            <translation>它输出的不是 JSON。</translation>
        </message>
        <message>
            <source>Its certificate cannot be trusted: {message}.</source>
            <translation>其证书不可信：{message}。</translation>
        </message>
        <message>
            <source>Its log is {log}.</source>
            <translation>其日志为 {log}。</translation>
        </message>
        <message>
            <source>Its name is not known.</source>
            <translation>其名称无法解析。</translation>
        </message>
        <message>
            <source>Its owner can resume it on the run's page.</source>
            <translation>其所有者可在运行页面上恢复它。</translation>
        </message>
        <message>
            <source>Job {job} cannot be started: {died1}.</source>
            <translation>作业 {job} 无法启动：{died1}。</translation>
        </message>
        <message>
            <source>Job {job} did not end although it was killed.</source>
            <translation>作业 {job} 已被终止但仍未结束。</translation>
        </message>
        <message>
            <source>Job {job} has ended or does not answer.</source>
            <translation>作业 {job} 已结束或没有应答。</translation>
        </message>
        <message>
            <source>Job {job} has too much waiting to be read.</source>
            <translation>作业 {job} 待读取的内容过多。</translation>
        </message>
        <message>
            <source>Job {job} still runs.</source>
            <translation>作业 {job} 仍在运行。</translation>
        </message>
        <message>
            <source>Jobs of the former hub still run on this machine.</source>
            <translation>先前中枢的作业仍在本机运行。</translation>
        </message>
        <message>
            <source>Jobs of the hub {bound} still run on this machine.</source>
            <translation>中枢 {bound} 的作业仍在本机运行。</translation>
        </message>
        <message>
            <source>Jobs still run on this machine.</source>
            <translation>本机仍有作业在运行。</translation>
        </message>
        <message>
            <source>Jobs use {min} of {everything1} cores.</source>
            <translation>作业使用 {everything1} 个核心中的 {min} 个。</translation>
        </message>
        <message>
            <source>Joining needs an account on that hub.</source>
            <translation>加入需要该中枢上的账户。</translation>
        </message>
        <message>
            <source>Keep to {limit} values and {limit1} levels of numbers and texts.</source>
            <translation>请控制在 {limit} 个值和 {limit1} 层数字与文本以内。</translation>
        </message>
        <message>
            <source>Large package</source>
            <translation>程序包较大</translation>
        </message>
        <message>
            <source>Leave --host out; other machines reach it through an SSH tunnel for now.</source>
            <translation>请省略 --host；其他机器暂时可通过 SSH 隧道访问。</translation>
        </message>
        <message>
            <source>Leave data and environments out of the source folder.</source>
            <translation>请勿将数据和环境放入源文件夹。</translation>
        </message>
        <message>
            <source>Leave data and results out: -ig PATTERN, or a .gitignore.</source>
            <translation>请排除数据和结果：-ig PATTERN，或使用 .gitignore。</translation>
        </message>
        <message>
            <source>Leave it out to read from the start.</source>
            <translation>省略它即可从头读取。</translation>
        </message>
        <message>
            <source>Let another administrator do it; so the hub never loses its last one.</source>
            <translation>请由另一位管理员操作；这样中枢不会失去最后一位管理员。</translation>
        </message>
        <message>
            <source>Let the hub's administrator renew it; check this machine's clock too.</source>
            <translation>请中枢管理员更新证书；也请检查本机时钟。</translation>
        </message>
        <message>
            <source>Let this machine take its time from the network (NTP), or correct the hub's clock.</source>
            <translation>请让本机从网络取得时间（NTP），或校正中枢的时钟。</translation>
        </message>
        <message>
            <source>Let your own SiloDesk send the key.</source>
            <translation>请让您自己的 SiloDesk 发送密钥。</translation>
        </message>
        <message>
            <source>Line {number} has {len1} cells, and the first has {len2}.</source>
            <translation>第 {number} 行有 {len1} 个单元格，而第一行有 {len2} 个。</translation>
        </message>
        <message>
            <source>Line {num} cannot be read as a row: {error1}.</source>
            <translation>第 {num} 行无法读取为数据行：{error1}。</translation>
        </message>
        <message>
            <source>Look at its fingerprint and files, then allow it here, or give a standing approval.</source>
            <translation>请查看其指纹和文件，然后在此允许，或给予长期审批。</translation>
        </message>
        <message>
            <source>Look at its log if this happens again.</source>
            <translation>若再次发生，请查看其日志。</translation>
        </message>
        <message>
            <source>Look at its page.</source>
            <translation>请查看其页面。</translation>
        </message>
        <message>
            <source>Look at that agent's log; it may wait for the network.</source>
            <translation>请查看该代理的日志；它可能在等待网络。</translation>
        </message>
        <message>
            <source>Look at the Hub page or the hub's log; restart the hub if it stays so.</source>
            <translation>请查看“中枢”页面或中枢的日志；若仍如此，请重启中枢。</translation>
        </message>
        <message>
            <source>Look at the agent's log for the whole output of pip.</source>
            <translation>pip 的完整输出请见代理的日志。</translation>
        </message>
        <message>
            <source>Look at the disk's load, then read the dataset again.</source>
            <translation>请查看磁盘负载，然后再次读取该数据集。</translation>
        </message>
        <message>
            <source>Look at the machine's load, then start the run again.</source>
            <translation>请查看机器负载，然后重新启动运行。</translation>
        </message>
        <message>
            <source>Look at the machine's load, then try again.</source>
            <translation>请查看机器负载，然后重试。</translation>
        </message>
        <message>
            <source>Look at the preview first.</source>
            <translation>请先查看预览。</translation>
        </message>
        <message>
            <source>Look at what it holds now, then decide again.</source>
            <translation>请查看其现在的内容，然后重新决定。</translation>
        </message>
        <message>
            <source>Look at {log}, then try again.</source>
            <translation>请查看 {log}，然后重试。</translation>
        </message>
        <message>
            <source>Look the device up in the list of devices.</source>
            <translation>请在设备列表中查找该设备。</translation>
        </message>
        <message>
            <source>Looking for what is imported</source>
            <translation>正在查找导入的内容</translation>
        </message>
        <message>
            <source>Loosen a version in the package's requirements.</source>
            <translation>请放宽程序包依赖中的版本。</translation>
        </message>
        <message>
            <source>MQTT over TLS</source>
            <translation>基于 TLS 的 MQTT</translation>
        </message>
        <message>
            <source>Make a new link.</source>
            <translation>请生成新链接。</translation>
        </message>
        <message>
            <source>Make another group and own that one.</source>
            <translation>请另建一个群组并作为其所有者。</translation>
        </message>
        <message>
            <source>Make it, or name another.</source>
            <translation>请创建它，或另行指定。</translation>
        </message>
        <message>
            <source>Make the runtime again with `silodesk runtime make`.</source>
            <translation>请用 `silodesk runtime make` 重新制作运行时。</translation>
        </message>
        <message>
            <source>Model of round {rounds}</source>
            <translation>第 {rounds} 轮的模型</translation>
        </message>
        <message>
            <source>Model of round {round} stored.</source>
            <translation>第 {round} 轮的模型已保存。</translation>
        </message>
        <message>
            <source>Move data out of it.</source>
            <translation>请把数据移出。</translation>
        </message>
        <message>
            <source>Name 1 or more.</source>
            <translation>请指定 1 或更大的数。</translation>
        </message>
        <message>
            <source>Name a CSV or PNG file.</source>
            <translation>请指定 CSV 或 PNG 文件。</translation>
        </message>
        <message>
            <source>Name a file by its path below the source folder: -ep FILE.</source>
            <translation>请用相对源文件夹的路径指定文件：-ep FILE。</translation>
        </message>
        <message>
            <source>Name a file in a folder that you may write: --credentials FILE.</source>
            <translation>请指定您可写文件夹中的文件：--credentials FILE。</translation>
        </message>
        <message>
            <source>Name a file or folder that exists on this machine.</source>
            <translation>请指定本机上存在的文件或文件夹。</translation>
        </message>
        <message>
            <source>Name a folder that exists; jobs see it read-only.</source>
            <translation>请指定存在的文件夹；作业以只读方式看到它。</translation>
        </message>
        <message>
            <source>Name a folder.</source>
            <translation>请指定文件夹。</translation>
        </message>
        <message>
            <source>Name a new folder, or empty this one.</source>
            <translation>请指定新文件夹，或清空此文件夹。</translation>
        </message>
        <message>
            <source>Name another file, or free some space.</source>
            <translation>请另指定文件，或腾出一些空间。</translation>
        </message>
        <message>
            <source>Name another folder with --home, or let its owner give you the right to it.</source>
            <translation>请用 --home 另指定文件夹，或请其所有者授予权限。</translation>
        </message>
        <message>
            <source>Name another folder with --home.</source>
            <translation>请用 --home 另指定文件夹。</translation>
        </message>
        <message>
            <source>Name another folder, or check its permissions.</source>
            <translation>请另指定文件夹，或检查其权限。</translation>
        </message>
        <message>
            <source>Name another folder.</source>
            <translation>请另指定文件夹。</translation>
        </message>
        <message>
            <source>Name another one in the settings, then start the run again.</source>
            <translation>请在设置中另行指定，然后重新启动运行。</translation>
        </message>
        <message>
            <source>Name fewer hours.</source>
            <translation>请减少小时数。</translation>
        </message>
        <message>
            <source>Name one that exists on this machine.</source>
            <translation>请指定本机上存在的。</translation>
        </message>
        <message>
            <source>Name the Python file to start, below the source folder: -ep FILE.</source>
            <translation>请指定要启动的 Python 文件（相对源文件夹）：-ep FILE。</translation>
        </message>
        <message>
            <source>Name the folder that `flwr new` made, or build with `-t client` and `-t server`.</source>
            <translation>请指定 `flwr new` 创建的文件夹，或用 `-t client` 和 `-t server` 构建。</translation>
        </message>
        <message>
            <source>Name the folder that holds fedml_config.yaml: -cf FOLDER.</source>
            <translation>请指定含 fedml_config.yaml 的文件夹：-cf FOLDER。</translation>
        </message>
        <message>
            <source>Name the folder that holds the code.</source>
            <translation>请指定含代码的文件夹。</translation>
        </message>
        <message>
            <source>Name the folder that holds the code: -sf FOLDER.</source>
            <translation>请指定含代码的文件夹：-sf FOLDER。</translation>
        </message>
        <message>
            <source>Name the hub's --home. A hub on PostgreSQL is backed up with pg_dump.</source>
            <translation>请指定中枢的 --home。使用 PostgreSQL 的中枢请用 pg_dump 备份。</translation>
        </message>
        <message>
            <source>Name them: ?rounds=3,4.</source>
            <translation>请写明：?rounds=3,4。</translation>
        </message>
        <message>
            <source>Name what is missing in the package's requirements, or correct its entry.</source>
            <translation>请在程序包的依赖中写明缺少的内容，或更正入口。</translation>
        </message>
        <message>
            <source>New accounts on this hub need an invitation.</source>
            <translation>在此中枢新建账户需要邀请。</translation>
        </message>
        <message>
            <source>No NVIDIA graphics processor; jobs use the processor.</source>
            <translation>没有 NVIDIA 图形处理器；作业使用 CPU。</translation>
        </message>
        <message>
            <source>No Python 3.11 or newer with venv was found; jobs need one of their own.</source>
            <translation>未找到带 venv 的 Python 3.11 或更高版本；作业需要自己的 Python。</translation>
        </message>
        <message>
            <source>No agent runs for {root}.</source>
            <translation>{root} 没有运行中的代理。</translation>
        </message>
        <message>
            <source>No answer within {bound} s.</source>
            <translation>{bound} 秒内没有应答。</translation>
        </message>
        <message>
            <source>No authority vouches for it. {stopped}</source>
            <translation>没有机构为其担保。{stopped}</translation>
        </message>
        <message>
            <source>No call to look at</source>
            <translation>没有需要留意的调用</translation>
        </message>
        <message>
            <source>No config</source>
            <translation>没有配置</translation>
        </message>
        <message>
            <source>No entry file is named for {source}.</source>
            <translation>没有为 {source} 指定入口文件。</translation>
        </message>
        <message>
            <source>No free port between {first} and {last1} was found on this machine.</source>
            <translation>本机在 {first} 与 {last1} 之间没有空闲端口。</translation>
        </message>
        <message>
            <source>No hub is named yet.</source>
            <translation>尚未指定中枢。</translation>
        </message>
        <message>
            <source>No hub is named yet; this machine was looked at alone.</source>
            <translation>尚未指定中枢；仅检查了本机。</translation>
        </message>
        <message>
            <source>No hub runs in this home.</source>
            <translation>此主文件夹中没有运行中的中枢。</translation>
        </message>
        <message>
            <source>No message came within {seconds} s.</source>
            <translation>{seconds} 秒内没有收到消息。</translation>
        </message>
        <message>
            <source>No network card has an address that leads to the hub.</source>
            <translation>没有网卡具有通往中枢的地址。</translation>
        </message>
        <message>
            <source>No pickle, no eval</source>
            <translation>没有 pickle，没有 eval</translation>
        </message>
        <message>
            <source>No port on 127.0.0.1 can be opened for predictions.</source>
            <translation>127.0.0.1 上无法打开用于预测的端口。</translation>
        </message>
        <message>
            <source>No port was found for the hub.</source>
            <translation>未找到供中枢使用的端口。</translation>
        </message>
        <message>
            <source>No program is listed.</source>
            <translation>没有列出程序。</translation>
        </message>
        <message>
            <source>No round is named.</source>
            <translation>没有写明轮次。</translation>
        </message>
        <message>
            <source>No secrets found</source>
            <translation>未发现机密信息</translation>
        </message>
        <message>
            <source>No temperature sensor on this machine.</source>
            <translation>本机没有温度传感器。</translation>
        </message>
        <message>
            <source>Nobody is signed in on this machine.</source>
            <translation>本机没有人登录。</translation>
        </message>
        <message>
            <source>Nobody may use this endpoint yet.</source>
            <translation>目前还没有人可以使用此接口。</translation>
        </message>
        <message>
            <source>None is set; connections are direct.</source>
            <translation>未设置；直接连接。</translation>
        </message>
        <message>
            <source>None of the {len} listed programs is running.</source>
            <translation>列出的 {len} 个程序都未在运行。</translation>
        </message>
        <message>
            <source>None, as SiloDesk's settings say.</source>
            <translation>无，按 SiloDesk 的设置。</translation>
        </message>
        <message>
            <source>None: the hub is on this machine.</source>
            <translation>无：中枢就在本机。</translation>
        </message>
        <message>
            <source>Not authorized</source>
            <translation>未获授权</translation>
        </message>
        <message>
            <source>Not connected yet.</source>
            <translation>尚未连接。</translation>
        </message>
        <message>
            <source>Not needed: plain http that never leaves this machine.</source>
            <translation>不需要：明文 http 不会离开本机。</translation>
        </message>
        <message>
            <source>Not tried, because {need}.</source>
            <translation>未尝试，因为{need}。</translation>
        </message>
        <message>
            <source>Not tried: the hub did not say its time.</source>
            <translation>未尝试：中枢没有告知时间。</translation>
        </message>
        <message>
            <source>Not tried: this machine is bound to another hub.</source>
            <translation>未尝试：本机绑定的是另一个中枢。</translation>
        </message>
        <message>
            <source>Not tried: this machine is not bound to a hub yet.</source>
            <translation>未尝试：本机尚未绑定中枢。</translation>
        </message>
        <message>
            <source>Nothing answers at {where}.</source>
            <translation>{where} 没有应答。</translation>
        </message>
        <message>
            <source>Nothing listens there.</source>
            <translation>那里没有程序在监听。</translation>
        </message>
        <message>
            <source>Nothing of it was used. Tell the hub's administrator.</source>
            <translation>其内容未被使用。请告知中枢管理员。</translation>
        </message>
        <message>
            <source>Nothing of it was used. Upload the file again, or tell the administrator.</source>
            <translation>其内容未被使用。请重新上传文件，或告知管理员。</translation>
        </message>
        <message>
            <source>Nothing to import</source>
            <translation>无需导入</translation>
        </message>
        <message>
            <source>Now {now}; highest today {hottest1} °C.</source>
            <translation>当前 {now}；今日最高 {hottest1} °C。</translation>
        </message>
        <message>
            <source>ONNX needs the packages onnx and onnxscript, which the job runtime does not have; TorchScript holds the same model.</source>
            <translation>ONNX 需要 onnx 和 onnxscript，而作业运行时没有它们；TorchScript 保存的是同一模型。</translation>
        </message>
        <message>
            <source>Off: jobs may use all {everything} cores.</source>
            <translation>关闭：作业可使用全部 {everything} 个核心。</translation>
        </message>
        <message>
            <source>Off: notifications may come any time.</source>
            <translation>关闭：随时可能发送通知。</translation>
        </message>
        <message>
            <source>On battery, {percent} % left.</source>
            <translation>正在使用电池，剩余 {percent} %。</translation>
        </message>
        <message>
            <source>On battery.</source>
            <translation>正在使用电池。</translation>
        </message>
        <message>
            <source>On mains.</source>
            <translation>正在使用市电。</translation>
        </message>
        <message>
            <source>Only PGM and PPM pictures with values to 255 are read.</source>
            <translation>只读取值不超过 255 的 PGM 和 PPM 图片。</translation>
        </message>
        <message>
            <source>Only PNG pictures with 8 bits a sample and no interlacing are read.</source>
            <translation>只读取每样本 8 位且非隔行的 PNG 图片。</translation>
        </message>
        <message>
            <source>Only PNG, PGM and PPM pictures are read here; save it as PNG.</source>
            <translation>这里只读取 PNG、PGM 和 PPM 图片；请另存为 PNG。</translation>
        </message>
        <message>
            <source>Only the run's owner can start it; sign in as its owner.</source>
            <translation>只有运行的所有者能启动它；请以其所有者身份登录。</translation>
        </message>
        <message>
            <source>Only the server's script stores models; this one stays here.</source>
            <translation>只有服务器的脚本保存模型；此模型留在这里。</translation>
        </message>
        <message>
            <source>Only {done} of {quorum1} needed silos finished their script.</source>
            <translation>所需的 {quorum1} 个站点中只有 {done} 个完成了脚本。</translation>
        </message>
        <message>
            <source>Only {free} MB are free where the hub keeps its objects ({folder1}).</source>
            <translation>中枢存放对象处（{folder1}）仅剩 {free} MB。</translation>
        </message>
        <message>
            <source>Only {len} of {len1} silos are left and a round needs {quorum2}. {causes3}</source>
            <translation>{len1} 个站点只剩 {len} 个，而每轮需要 {quorum2} 个。{causes3}</translation>
        </message>
        <message>
            <source>Open the connection doctor; it names the proxy and what to ask for.</source>
            <translation>请打开连接诊断；它会指出代理服务器以及应提出的请求。</translation>
        </message>
        <message>
            <source>Other programs use {cpu} % of the CPU and {gpu1} % of the GPU.</source>
            <translation>其他程序占用 CPU 的 {cpu} % 和 GPU 的 {gpu1} %。</translation>
        </message>
        <message>
            <source>Other programs use {cpu} % of the CPU.</source>
            <translation>其他程序占用 CPU 的 {cpu} %。</translation>
        </message>
        <message>
            <source>Other weights came than the order names.</source>
            <translation>收到的权重与指令所指不同。</translation>
        </message>
        <message>
            <source>Packages, tensors and the job runtime lie there.</source>
            <translation>程序包、张量和作业运行时存放在那里。</translation>
        </message>
        <message>
            <source>Pass it on, or ask for an invitation to a group.</source>
            <translation>请转交他人，或索取群组的邀请。</translation>
        </message>
        <message>
            <source>Paste the whole link as you received it.</source>
            <translation>请按收到的内容粘贴完整链接。</translation>
        </message>
        <message>
            <source>Paste the whole link; it begins with silodesk://{kind}?</source>
            <translation>请粘贴完整链接；它以 silodesk://{kind}? 开头</translation>
        </message>
        <message>
            <source>Pause it while it is running, or stop it.</source>
            <translation>请在运行期间暂停，或停止它。</translation>
        </message>
        <message>
            <source>Paused by its daily egress budget, which is used up, until midnight.</source>
            <translation>今日外发流量预算已用完，暂停至午夜。</translation>
        </message>
        <message>
            <source>Paused by its house rules until {words}: {reason1}.</source>
            <translation>本站规则暂停，直至{words}：{reason1}。</translation>
        </message>
        <message>
            <source>Paused by its house rules: {reason}.</source>
            <translation>本站规则暂停：{reason}。</translation>
        </message>
        <message>
            <source>Paused by {operator}</source>
            <translation>由 {operator} 暂停</translation>
        </message>
        <message>
            <source>Paused by {order}</source>
            <translation>由 {order} 暂停</translation>
        </message>
        <message>
            <source>Pauses at the end of this round.</source>
            <translation>本轮结束时暂停。</translation>
        </message>
        <message>
            <source>Plug in the cable or join the wireless network, then run the checks again.</source>
            <translation>请插上网线或加入无线网络，然后重新检查。</translation>
        </message>
        <message>
            <source>Port allocation failed</source>
            <translation>端口分配失败</translation>
        </message>
        <message>
            <source>Port {port} cannot be used for the hub: {error1}.</source>
            <translation>端口 {port} 无法用于中枢：{error1}。</translation>
        </message>
        <message>
            <source>Put its backup back, or remove it; a new key is then made and has to be accepted by the others.</source>
            <translation>请恢复其备份，或将其删除；之后会生成新密钥，并须得到他人认可。</translation>
        </message>
        <message>
            <source>Put its backup back, or rename it; new keys are then made.</source>
            <translation>请恢复其备份，或将其改名；之后会生成新密钥。</translation>
        </message>
        <message>
            <source>Put large values into the package's configuration.</source>
            <translation>请把较大的值放入程序包的配置。</translation>
        </message>
        <message>
            <source>Put that file into the source folder, or remove the line.</source>
            <translation>请把该文件放入源文件夹，或删除该行。</translation>
        </message>
        <message>
            <source>Put them into {key} and {key1}.</source>
            <translation>请将它们放入 {key} 和 {key1}。</translation>
        </message>
        <message>
            <source>Python {own} with torch {torch1} and flwr {flwr2}</source>
            <translation>Python {own}，含 torch {torch1} 和 flwr {flwr2}</translation>
        </message>
        <message>
            <source>Python {version}; the job runtime is not made yet.</source>
            <translation>Python {version}；作业运行时尚未制作。</translation>
        </message>
        <message>
            <source>Raise the budget to let it go on now.</source>
            <translation>提高预算即可立即继续。</translation>
        </message>
        <message>
            <source>Read it again when there is time.</source>
            <translation>请在有时间时重新读取。</translation>
        </message>
        <message>
            <source>Register the folders below it one by one.</source>
            <translation>请逐一登记其下的文件夹。</translation>
        </message>
        <message>
            <source>Remove the other members instead.</source>
            <translation>请改为移除其他成员。</translation>
        </message>
        <message>
            <source>Remove {parent}; the next run makes it anew with {python1}.</source>
            <translation>请删除 {parent}；下一次运行会用 {python1} 重新制作。</translation>
        </message>
        <message>
            <source>Rename it, or leave it out with -ig.</source>
            <translation>请改名，或用 -ig 排除。</translation>
        </message>
        <message>
            <source>Rename it; SiloDesk then starts with default settings.</source>
            <translation>请将其改名；SiloDesk 会以默认设置启动。</translation>
        </message>
        <message>
            <source>Requirements can be met</source>
            <translation>依赖可以满足</translation>
        </message>
        <message>
            <source>Requirements cannot be met</source>
            <translation>依赖无法满足</translation>
        </message>
        <message>
            <source>Requirements listed</source>
            <translation>已列出依赖</translation>
        </message>
        <message>
            <source>Requirements of the package</source>
            <translation>程序包的依赖</translation>
        </message>
        <message>
            <source>Research only, not for patient care.</source>
            <translation>仅供研究，不用于患者诊疗。</translation>
        </message>
        <message>
            <source>Restart the hub; if it happens again, see {log}.</source>
            <translation>请重启中枢；若再次发生，请查看 {log}。</translation>
        </message>
        <message>
            <source>Restart the hub; if it stays so, another program has its port.</source>
            <translation>请重启中枢；若仍如此，则其端口被其他程序占用。</translation>
        </message>
        <message>
            <source>Restart the machine after a driver update; `nvidia-smi` says more.</source>
            <translation>请在更新驱动程序后重启机器；详情见 `nvidia-smi`。</translation>
        </message>
        <message>
            <source>Restore an earlier backup.</source>
            <translation>请恢复更早的备份。</translation>
        </message>
        <message>
            <source>Restore it from a backup, or start a hub with a fresh home.</source>
            <translation>请从备份恢复，或用新的主文件夹启动中枢。</translation>
        </message>
        <message>
            <source>Restore it from a backup; without it every device has to be bound again.</source>
            <translation>请从备份恢复；否则每台设备都须重新绑定。</translation>
        </message>
        <message>
            <source>Restore it with the version that made it.</source>
            <translation>请用制作它的版本恢复。</translation>
        </message>
        <message>
            <source>Round {number} of run {run1} has another model already.</source>
            <translation>运行 {run1} 的第 {number} 轮已有另一个模型。</translation>
        </message>
        <message>
            <source>Round {round} closed: {answered1} of {asked2} answered, {late3} late.</source>
            <translation>第 {round} 轮已结束：{asked2} 个中有 {answered1} 个应答，{late3} 个迟到。</translation>
        </message>
        <message>
            <source>Round {round} closed: {answered1} of {asked2} answered.</source>
            <translation>第 {round} 轮已结束：{asked2} 个中有 {answered1} 个应答。</translation>
        </message>
        <message>
            <source>Round {round} had {len1} of {needed2} needed silos{when3} ({name4}): {reasons5}.</source>
            <translation>第 {round} 轮{when3}在所需的 {needed2} 个站点中只有 {len1} 个（{name4}）：{reasons5}。</translation>
        </message>
        <message>
            <source>Round {round}: the update of {label1} {fault2}.</source>
            <translation>第 {round} 轮：{label1} 的更新{fault2}。</translation>
        </message>
        <message>
            <source>Row {place} has no {lacking1}.</source>
            <translation>第 {place} 行没有 {lacking1}。</translation>
        </message>
        <message>
            <source>Row {place} has {len1} values, and the model takes {size2}.</source>
            <translation>第 {place} 行有 {len1} 个值，而模型需要 {size2} 个。</translation>
        </message>
        <message>
            <source>Row {place}: {str1} is no number.</source>
            <translation>第 {place} 行：{str1} 不是数字。</translation>
        </message>
        <message>
            <source>Run `chmod 600 {path}`, and make new keys if anyone else had access to this machine.</source>
            <translation>请运行 `chmod 600 {path}`；若他人曾能访问本机，请生成新密钥。</translation>
        </message>
        <message>
            <source>Run `silodesk doctor`: it says which sandbox this machine allows.</source>
            <translation>请运行 `silodesk doctor`：它会说明本机允许哪种沙箱。</translation>
        </message>
        <message>
            <source>Run `silodesk doctor`; it checks sandbox and runtime.</source>
            <translation>请运行 `silodesk doctor`；它会检查沙箱和运行时。</translation>
        </message>
        <message>
            <source>Run `silodesk hub backup FILE` in a terminal; it has no bound.</source>
            <translation>请在终端运行 `silodesk hub backup FILE`；它没有时间限制。</translation>
        </message>
        <message>
            <source>Run `silodesk runtime make` beforehand to save the first run's time.</source>
            <translation>可预先运行 `silodesk runtime make`，为首次运行节省时间。</translation>
        </message>
        <message>
            <source>Run entry of this account</source>
            <translation>此账户的 Run 项</translation>
        </message>
        <message>
            <source>Run the checks again.</source>
            <translation>请重新检查。</translation>
        </message>
        <message>
            <source>Run the command in a terminal to see all of it.</source>
            <translation>请在终端运行该命令以查看全部内容。</translation>
        </message>
        <message>
            <source>Run {row} is still going on.</source>
            <translation>运行 {row} 仍在进行。</translation>
        </message>
        <message>
            <source>Run {run} has no model of round {number1}.</source>
            <translation>运行 {run} 没有第 {number1} 轮的模型。</translation>
        </message>
        <message>
            <source>Runs what it reads</source>
            <translation>会执行读取到的内容</translation>
        </message>
        <message>
            <source>Save it as UTF-8 and build again.</source>
            <translation>请另存为 UTF-8 后重新构建。</translation>
        </message>
        <message>
            <source>Say in a sentence what would have to change.</source>
            <translation>请用一句话说明需要改变什么。</translation>
        </message>
        <message>
            <source>Say that it shall be replaced (--replace), or name another --home. It is set aside, not deleted.</source>
            <translation>请说明应替换它（--replace），或另指定 --home。它会被搁置，不会删除。</translation>
        </message>
        <message>
            <source>See `silodesk approval list --standing`.</source>
            <translation>请见 `silodesk approval list --standing`。</translation>
        </message>
        <message>
            <source>See `silodesk approval list`.</source>
            <translation>请见 `silodesk approval list`。</translation>
        </message>
        <message>
            <source>See `silodesk dataset list`.</source>
            <translation>请见 `silodesk dataset list`。</translation>
        </message>
        <message>
            <source>See `silodesk model list --served`.</source>
            <translation>请见 `silodesk model list --served`。</translation>
        </message>
        <message>
            <source>See `silodesk model list`.</source>
            <translation>请见 `silodesk model list`。</translation>
        </message>
        <message>
            <source>See `silodesk rules show` for their names.</source>
            <translation>名称请见 `silodesk rules show`。</translation>
        </message>
        <message>
            <source>See `silodesk settings show` for their names.</source>
            <translation>名称请见 `silodesk settings show`。</translation>
        </message>
        <message>
            <source>See `silodesk status`.</source>
            <translation>请见 `silodesk status`。</translation>
        </message>
        <message>
            <source>See the agent's log; if it happens again, report it.</source>
            <translation>请查看代理的日志；若再次发生，请反馈。</translation>
        </message>
        <message>
            <source>See {log}; it may still come up.</source>
            <translation>请见 {log}；它可能仍会启动。</translation>
        </message>
        <message>
            <source>Send `Authorization: Bearer TOKEN`; SiloDesk shows it when the server is started.</source>
            <translation>请发送 `Authorization: Bearer TOKEN`；服务启动时 SiloDesk 会显示它。</translation>
        </message>
        <message>
            <source>Send an invitation instead.</source>
            <translation>请改为发送邀请。</translation>
        </message>
        <message>
            <source>Send fewer rows at once, or start the server again.</source>
            <translation>请一次少发几行，或重新启动服务。</translation>
        </message>
        <message>
            <source>Send fewer rows at once.</source>
            <translation>请一次少发几行。</translation>
        </message>
        <message>
            <source>Send it as JSON.</source>
            <translation>请以 JSON 发送。</translation>
        </message>
        <message>
            <source>Send it as an object, with a notice.</source>
            <translation>请作为对象发送，并附说明。</translation>
        </message>
        <message>
            <source>Send it with POST.</source>
            <translation>请用 POST 发送。</translation>
        </message>
        <message>
            <source>Send less at once.</source>
            <translation>请一次少发一些。</translation>
        </message>
        <message>
            <source>Send smaller batches.</source>
            <translation>请发送较小的批次。</translation>
        </message>
        <message>
            <source>Send smaller updates.</source>
            <translation>请发送较小的更新。</translation>
        </message>
        <message>
            <source>Send what you want now with a key of its own.</source>
            <translation>请为当前的请求使用一个新的键。</translation>
        </message>
        <message>
            <source>Send {"rows": [[...], ...]}, one list a row.</source>
            <translation>请发送 {"rows": [[...], ...]}，每行一个列表。</translation>
        </message>
        <message>
            <source>Shorten it in pyproject.toml or requirements.txt.</source>
            <translation>请在 pyproject.toml 或 requirements.txt 中缩短它。</translation>
        </message>
        <message>
            <source>Sign in again.</source>
            <translation>请重新登录。</translation>
        </message>
        <message>
            <source>Sign in again: `silodesk login --hub URL EMAIL`.</source>
            <translation>请重新登录：`silodesk login --hub URL EMAIL`。</translation>
        </message>
        <message>
            <source>Sign in as {email}, or ask for an invitation of your own.</source>
            <translation>请以 {email} 登录，或为自己索取邀请。</translation>
        </message>
        <message>
            <source>Sign in on this machine again, which registers its key.</source>
            <translation>请在本机重新登录，这会登记其密钥。</translation>
        </message>
        <message>
            <source>Sign in with it instead.</source>
            <translation>请改用它登录。</translation>
        </message>
        <message>
            <source>Sign in.</source>
            <translation>请登录。</translation>
        </message>
        <message>
            <source>Sign in: `silodesk login --hub URL EMAIL`, or `silodesk join LINK`.</source>
            <translation>请登录：`silodesk login --hub URL EMAIL` 或 `silodesk join LINK`。</translation>
        </message>
        <message>
            <source>SiloDesk hub</source>
            <translation>SiloDesk 中枢</translation>
        </message>
        <message>
            <source>SiloDesk invitation</source>
            <translation>SiloDesk 邀请</translation>
        </message>
        <message>
            <source>SiloDesk stopped before sending anything, so no key or data was exposed.</source>
            <translation>SiloDesk 在发送任何内容之前已停止，因此密钥和数据均未泄露。</translation>
        </message>
        <message>
            <source>Small enough to send</source>
            <translation>大小适合发送</translation>
        </message>
        <message>
            <source>Some imports fail in the sandbox</source>
            <translation>部分导入在沙箱中失败</translation>
        </message>
        <message>
            <source>Some imports were not found</source>
            <translation>部分导入未找到</translation>
        </message>
        <message>
            <source>Something on the way answers in its place, or its disk is full.</source>
            <translation>途中有设备代其应答，或其磁盘已满。</translation>
        </message>
        <message>
            <source>Start it again (`silodesk agent`); jobs went on meanwhile.</source>
            <translation>请重新启动（`silodesk agent`）；其间作业照常进行。</translation>
        </message>
        <message>
            <source>Start it again.</source>
            <translation>请重新启动。</translation>
        </message>
        <message>
            <source>Start it again; what arrived is not sent a second time.</source>
            <translation>请重新开始；已送达的部分不会再次发送。</translation>
        </message>
        <message>
            <source>Start it with `silodesk hub`, or name one with --s3.</source>
            <translation>请用 `silodesk hub` 启动，或用 --s3 指定。</translation>
        </message>
        <message>
            <source>Start it: `silodesk agent`.</source>
            <translation>请启动：`silodesk agent`。</translation>
        </message>
        <message>
            <source>Start its server, or see `silodesk model list --served`.</source>
            <translation>请启动其服务，或见 `silodesk model list --served`。</translation>
        </message>
        <message>
            <source>Start orders sent to {len} devices.</source>
            <translation>启动指令已发往 {len} 台设备。</translation>
        </message>
        <message>
            <source>Start the hub again; it then picks free ports.</source>
            <translation>请重新启动中枢；它会选择空闲端口。</translation>
        </message>
        <message>
            <source>Start the hub, or check the address.</source>
            <translation>请启动中枢，或检查地址。</translation>
        </message>
        <message>
            <source>Start the newer version, or name another home with --home.</source>
            <translation>请启动较新的版本，或用 --home 另指定主文件夹。</translation>
        </message>
        <message>
            <source>Start the run again from its application; nothing of it was used.</source>
            <translation>请从其应用重新启动运行；其内容未被使用。</translation>
        </message>
        <message>
            <source>Start the run again, or ask the silo when its rules allow jobs.</source>
            <translation>请重新启动运行，或询问该站点其规则何时允许作业。</translation>
        </message>
        <message>
            <source>Start the run again.</source>
            <translation>请重新启动运行。</translation>
        </message>
        <message>
            <source>Start the run again; nothing was sent to any device.</source>
            <translation>请重新启动运行；没有向任何设备发送内容。</translation>
        </message>
        <message>
            <source>Start the server again.</source>
            <translation>请重新启动服务。</translation>
        </message>
        <message>
            <source>Start the upload again.</source>
            <translation>请重新开始上传。</translation>
        </message>
        <message>
            <source>Starting the object store</source>
            <translation>正在启动对象存储</translation>
        </message>
        <message>
            <source>Starts the process and loads the model.</source>
            <translation>正在启动进程并加载模型。</translation>
        </message>
        <message>
            <source>Stop it first, or wait for its end.</source>
            <translation>请先停止它，或等待其结束。</translation>
        </message>
        <message>
            <source>Stop it first.</source>
            <translation>请先停止它。</translation>
        </message>
        <message>
            <source>Stop it, or wait for its end; then delete.</source>
            <translation>请先停止它或等待其结束，然后删除。</translation>
        </message>
        <message>
            <source>Stop one of them first.</source>
            <translation>请先停止其中一个。</translation>
        </message>
        <message>
            <source>Stop orders sent.</source>
            <translation>停止指令已发送。</translation>
        </message>
        <message>
            <source>Stop them first (`silodesk status` shows them), or wait for their end.</source>
            <translation>请先停止它们（`silodesk status` 可查看），或等待其结束。</translation>
        </message>
        <message>
            <source>Stop them first, or wait until they end.</source>
            <translation>请先停止它们，或等待其结束。</translation>
        </message>
        <message>
            <source>Stopped by the hub.</source>
            <translation>由中枢停止。</translation>
        </message>
        <message>
            <source>Stopped by {name}</source>
            <translation>由 {name} 停止</translation>
        </message>
        <message>
            <source>Stopped by {operator}</source>
            <translation>由 {operator} 停止</translation>
        </message>
        <message>
            <source>Stopped by {order}.</source>
            <translation>由 {order} 停止。</translation>
        </message>
        <message>
            <source>Tensors and packages go there directly, past the hub.</source>
            <translation>张量和程序包直接送往那里，不经过中枢。</translation>
        </message>
        <message>
            <source>The CSV's first line names no column {lacking}.</source>
            <translation>CSV 的第一行没有名为 {lacking} 的列。</translation>
        </message>
        <message>
            <source>The PNG picture is damaged.</source>
            <translation>PNG 图片已损坏。</translation>
        </message>
        <message>
            <source>The Parquet files were not read within {bound} s.</source>
            <translation>未能在 {bound} 秒内读取 Parquet 文件。</translation>
        </message>
        <message>
            <source>The address of a download was expired; it was renewed.</source>
            <translation>下载地址已过期，现已更新。</translation>
        </message>
        <message>
            <source>The agent did not answer {method} within {bound1} s.</source>
            <translation>代理在 {bound1} 秒内没有应答 {method}。</translation>
        </message>
        <message>
            <source>The agent ended while it was asked.</source>
            <translation>代理在应答期间结束了。</translation>
        </message>
        <message>
            <source>The agent ended while starting. {last}</source>
            <translation>代理在启动时结束了。{last}</translation>
        </message>
        <message>
            <source>The agent failed inside {method} ({kind1}).</source>
            <translation>代理在 {method} 内部出错（{kind1}）。</translation>
        </message>
        <message>
            <source>The agent failed on this job ({kind}).</source>
            <translation>代理处理此作业时出错（{kind}）。</translation>
        </message>
        <message>
            <source>The agent failed on this model ({type}).</source>
            <translation>代理处理此模型时出错（{type}）。</translation>
        </message>
        <message>
            <source>The agent has no method '{method}'.</source>
            <translation>代理没有方法“{method}”。</translation>
        </message>
        <message>
            <source>The agent of {root} cannot be started: {strerror1}.</source>
            <translation>{root} 的代理无法启动：{strerror1}。</translation>
        </message>
        <message>
            <source>The agent reported an error without words.</source>
            <translation>代理报告了没有说明的错误。</translation>
        </message>
        <message>
            <source>The agent was not ready after {bound} s.</source>
            <translation>代理在 {bound} 秒后仍未就绪。</translation>
        </message>
        <message>
            <source>The agent was restarted while it was being started.</source>
            <translation>代理在启动它的过程中被重启。</translation>
        </message>
        <message>
            <source>The agent's database cannot be written: {error}.</source>
            <translation>代理的数据库无法写入：{error}。</translation>
        </message>
        <message>
            <source>The agent's database was damaged ({error}) and was set aside as {name1}; a new one was begun. Approvals and unsent figures in it are not used any more.</source>
            <translation>代理的数据库已损坏（{error}），已另存为 {name1}；新的数据库已建立。其中的审批和未发送的数据不再使用。</translation>
        </message>
        <message>
            <source>The agent's database was written by a newer SiloDesk.</source>
            <translation>代理的数据库由更新版本的 SiloDesk 写入。</translation>
        </message>
        <message>
            <source>The agent's database {path} cannot be opened: {error1}.</source>
            <translation>代理的数据库 {path} 无法打开：{error1}。</translation>
        </message>
        <message>
            <source>The agent's log says more.</source>
            <translation>详情见代理的日志。</translation>
        </message>
        <message>
            <source>The application declares no model.</source>
            <translation>应用没有声明模型。</translation>
        </message>
        <message>
            <source>The array '{name}' has NaN or infinite values.</source>
            <translation>数组“{name}”中有 NaN 或无穷大。</translation>
        </message>
        <message>
            <source>The array '{name}' has shape {list1} in the model file, and {list2} in the package's model.</source>
            <translation>数组“{name}”在模型文件中的形状为 {list1}，在程序包的模型中为 {list2}。</translation>
        </message>
        <message>
            <source>The array '{name}' has type {dtype1} in the model file, and {dtype2} in the package's model.</source>
            <translation>数组“{name}”在模型文件中的类型为 {dtype1}，在程序包的模型中为 {dtype2}。</translation>
        </message>
        <message>
            <source>The backup cannot be unpacked to {target}: {error1}.</source>
            <translation>备份无法解包到 {target}：{error1}。</translation>
        </message>
        <message>
            <source>The backup {path} cannot be written: {error1}.</source>
            <translation>备份 {path} 无法写入：{error1}。</translation>
        </message>
        <message>
            <source>The backup's database cannot be read: {error}.</source>
            <translation>备份中的数据库无法读取：{error}。</translation>
        </message>
        <message>
            <source>The batch's sequence is out of range.</source>
            <translation>批次的序号超出范围。</translation>
        </message>
        <message>
            <source>The body did not arrive within {bound} s.</source>
            <translation>正文在 {bound} 秒内没有到达。</translation>
        </message>
        <message>
            <source>The body is larger than {limit} MiB.</source>
            <translation>正文大于 {limit} MiB。</translation>
        </message>
        <message>
            <source>The body is no CSV text: {error}.</source>
            <translation>正文不是 CSV 文本：{error}。</translation>
        </message>
        <message>
            <source>The body is not JSON.</source>
            <translation>正文不是 JSON。</translation>
        </message>
        <message>
            <source>The body is not gzip.</source>
            <translation>正文不是 gzip。</translation>
        </message>
        <message>
            <source>The broker at {host}:{port1} does not answer. {detail2}</source>
            <translation>{host}:{port1} 的消息代理没有应答。{detail2}</translation>
        </message>
        <message>
            <source>The broker did not take the change of a device's credentials.</source>
            <translation>消息代理没有接受设备凭据的更改。</translation>
        </message>
        <message>
            <source>The broker does not know this device's credentials.</source>
            <translation>消息代理不认识此设备的凭据。</translation>
        </message>
        <message>
            <source>The broker does not let this device listen on a topic it asked for.</source>
            <translation>消息代理不允许此设备订阅它请求的主题。</translation>
        </message>
        <message>
            <source>The broker is there, but the hub does not answer a heartbeat.</source>
            <translation>消息代理在运行，但中枢没有应答心跳。</translation>
        </message>
        <message>
            <source>The broker is there, but the hub does not answer.</source>
            <translation>消息代理在运行，但中枢没有应答。</translation>
        </message>
        <message>
            <source>The broker refused the connection: {reason}.</source>
            <translation>消息代理拒绝了连接：{reason}。</translation>
        </message>
        <message>
            <source>The bytes that arrived are not those that were announced (their sha256 differs)</source>
            <translation>收到的字节与声明的不符（sha256 不同）</translation>
        </message>
        <message>
            <source>The certificate is for {subject}, not for {host1}.</source>
            <translation>证书属于 {subject}，而不是 {host1}。</translation>
        </message>
        <message>
            <source>The certificate of {host} cannot be trusted: {message1}.</source>
            <translation>{host} 的证书不可信：{message1}。</translation>
        </message>
        <message>
            <source>The certificate of {host} has expired.</source>
            <translation>{host} 的证书已过期。</translation>
        </message>
        <message>
            <source>The channel ended inside a frame.</source>
            <translation>通道在帧中间结束。</translation>
        </message>
        <message>
            <source>The code of the package {name} would run on this machine, and no standing approval covers it.</source>
            <translation>程序包 {name} 的代码将在本机运行，但没有涵盖它的长期审批。</translation>
        </message>
        <message>
            <source>The config folder {folder} does not exist.</source>
            <translation>配置文件夹 {folder} 不存在。</translation>
        </message>
        <message>
            <source>The connection failed.</source>
            <translation>连接失败。</translation>
        </message>
        <message>
            <source>The connection to the broker broke ({reason}).</source>
            <translation>与消息代理的连接中断（{reason}）。</translation>
        </message>
        <message>
            <source>The connection works; some things deserve a look.</source>
            <translation>连接可用；有些项目值得留意。</translation>
        </message>
        <message>
            <source>The credentials file {path} can be read by other accounts.</source>
            <translation>凭据文件 {path} 可被其他账户读取。</translation>
        </message>
        <message>
            <source>The credentials file {path} cannot be used: {strerror1}.</source>
            <translation>凭据文件 {path} 无法使用：{strerror1}。</translation>
        </message>
        <message>
            <source>The credentials file {path} is damaged.</source>
            <translation>凭据文件 {path} 已损坏。</translation>
        </message>
        <message>
            <source>The data at {root} cannot be read: {why1}.</source>
            <translation>{root} 处的数据无法读取：{why1}。</translation>
        </message>
        <message>
            <source>The data folder {data} does not exist on this machine.</source>
            <translation>数据文件夹 {data} 在本机不存在。</translation>
        </message>
        <message>
            <source>The data folder {folder} of this silo does not exist.</source>
            <translation>本站点的数据文件夹 {folder} 不存在。</translation>
        </message>
        <message>
            <source>The database's address cannot be read.</source>
            <translation>数据库的地址无法读取。</translation>
        </message>
        <message>
            <source>The dataset '{name}' changed since it was shown: it is version {number1} now.</source>
            <translation>数据集“{name}”在显示之后有变化：现在是版本 {number1}。</translation>
        </message>
        <message>
            <source>The dataset '{name}' is not for the group of this run.</source>
            <translation>数据集“{name}”不供此运行的群组使用。</translation>
        </message>
        <message>
            <source>The dataset '{name}' was not read yet.</source>
            <translation>数据集“{name}”尚未读取。</translation>
        </message>
        <message>
            <source>The dataset has no table {file}.</source>
            <translation>数据集没有表 {file}。</translation>
        </message>
        <message>
            <source>The declaration of the model cannot be used: {where}: {msg1}.</source>
            <translation>模型的声明无法使用：{where}：{msg1}。</translation>
        </message>
        <message>
            <source>The device {name} at {silo1} was revoked.</source>
            <translation>{silo1} 的设备 {name} 已被撤销。</translation>
        </message>
        <message>
            <source>The device {name} at {silo1}, which runs the server job, has not answered for {minutes2} minutes.</source>
            <translation>运行服务器作业的设备 {name}（{silo1}）已有 {minutes2} 分钟没有应答。</translation>
        </message>
        <message>
            <source>The device's credential has expired.</source>
            <translation>设备的凭据已过期。</translation>
        </message>
        <message>
            <source>The device's signature does not prove that it holds its key.</source>
            <translation>设备的签名不能证明它持有密钥。</translation>
        </message>
        <message>
            <source>The disk that holds {jobs} has {words1} left; a job needs {words2}.</source>
            <translation>存放 {jobs} 的磁盘仅剩 {words1}；作业需要 {words2}。</translation>
        </message>
        <message>
            <source>The disk that holds {parent} has {free1} GB left; a job runtime needs {needed2} GB.</source>
            <translation>存放 {parent} 的磁盘仅剩 {free1} GB；作业运行时需要 {needed2} GB。</translation>
        </message>
        <message>
            <source>The disk that holds {parent} is full; the agent cannot start on it.</source>
            <translation>存放 {parent} 的磁盘已满；代理无法在其上启动。</translation>
        </message>
        <message>
            <source>The e-mail address or the password is wrong.</source>
            <translation>电子邮件地址或密码错误。</translation>
        </message>
        <message>
            <source>The entry file '{name}' is no Python file.</source>
            <translation>入口文件“{name}”不是 Python 文件。</translation>
        </message>
        <message>
            <source>The entry file {entry} is left out of the package: {reason1}.</source>
            <translation>入口文件 {entry} 未纳入程序包：{reason1}。</translation>
        </message>
        <message>
            <source>The entry file {entry} is not in the source folder {source1}.</source>
            <translation>入口文件 {entry} 不在源文件夹 {source1} 中。</translation>
        </message>
        <message>
            <source>The entry for the start at log-in cannot be changed: {error}.</source>
            <translation>登录时启动的条目无法更改：{error}。</translation>
        </message>
        <message>
            <source>The environment {folder} cannot be made</source>
            <translation>无法创建环境 {folder}</translation>
        </message>
        <message>
            <source>The environment {folder} cannot be made with {python1}: {error2}.</source>
            <translation>无法用 {python1} 创建环境 {folder}：{error2}。</translation>
        </message>
        <message>
            <source>The export did not end within {bound} s.</source>
            <translation>导出在 {bound} 秒内没有结束。</translation>
        </message>
        <message>
            <source>The export has ended.</source>
            <translation>导出已结束。</translation>
        </message>
        <message>
            <source>The exported file is not what the process said.</source>
            <translation>导出的文件与进程所述不符。</translation>
        </message>
        <message>
            <source>The field '{field}' cannot be used: {message1}.</source>
            <translation>字段“{field}”无法使用：{message1}。</translation>
        </message>
        <message>
            <source>The field '{name}' of {method1} cannot be used: {words2} is needed.</source>
            <translation>{method1} 的字段“{name}”无法使用：需要{words2}。</translation>
        </message>
        <message>
            <source>The file holds no rows.</source>
            <translation>文件中没有数据行。</translation>
        </message>
        <message>
            <source>The file is no package: it has no conf/fedml.yaml.</source>
            <translation>该文件不是程序包：没有 conf/fedml.yaml。</translation>
        </message>
        <message>
            <source>The file is not UTF-8; it is shown as Windows-1252.</source>
            <translation>文件不是 UTF-8；按 Windows-1252 显示。</translation>
        </message>
        <message>
            <source>The file {path} cannot be packed: {found1}.</source>
            <translation>文件 {path} 无法打包：{found1}。</translation>
        </message>
        <message>
            <source>The file {path} changed while it was packed.</source>
            <translation>文件 {path} 在打包期间发生变化。</translation>
        </message>
        <message>
            <source>The first {limit} of {width1} columns are shown.</source>
            <translation>显示 {width1} 列中的前 {limit} 列。</translation>
        </message>
        <message>
            <source>The first {shown} of {count1} columns are shown.</source>
            <translation>显示 {count1} 列中的前 {shown} 列。</translation>
        </message>
        <message>
            <source>The folder is not a Flower app: it has no pyproject.toml with [tool.flwr.app].</source>
            <translation>该文件夹不是 Flower 应用：没有含 [tool.flwr.app] 的 pyproject.toml。</translation>
        </message>
        <message>
            <source>The folder {dest} cannot be used: {strerror1}.</source>
            <translation>文件夹 {dest} 无法使用：{strerror1}。</translation>
        </message>
        <message>
            <source>The folder {dest} is not empty.</source>
            <translation>文件夹 {dest} 不为空。</translation>
        </message>
        <message>
            <source>The folder {folder} cannot be read: {strerror1}.</source>
            <translation>文件夹 {folder} 无法读取：{strerror1}。</translation>
        </message>
        <message>
            <source>The folder {parent} does not exist.</source>
            <translation>文件夹 {parent} 不存在。</translation>
        </message>
        <message>
            <source>The folder {root} cannot be used: {why1}.</source>
            <translation>文件夹 {root} 无法使用：{why1}。</translation>
        </message>
        <message>
            <source>The folder {root} of job {job1} cannot be made: {strerror2}.</source>
            <translation>无法创建作业 {job1} 的文件夹 {root}：{strerror2}。</translation>
        </message>
        <message>
            <source>The groups of a dataset are a list of their numbers.</source>
            <translation>数据集的群组应为其编号的列表。</translation>
        </message>
        <message>
            <source>The gzip body is cut short.</source>
            <translation>gzip 正文不完整。</translation>
        </message>
        <message>
            <source>The house rule {loc} cannot be set so: {lower1}.</source>
            <translation>本站规则 {loc} 不能这样设置：{lower1}。</translation>
        </message>
        <message>
            <source>The house rules cannot be written to {path}: {strerror1}.</source>
            <translation>本站规则无法写入 {path}：{strerror1}。</translation>
        </message>
        <message>
            <source>The house rules {path} cannot be read: {type1}.</source>
            <translation>本站规则 {path} 无法读取：{type1}。</translation>
        </message>
        <message>
            <source>The hub answered something else than JSON ({code}).</source>
            <translation>中枢的应答不是 JSON（{code}）。</translation>
        </message>
        <message>
            <source>The hub at {host} is not ready (HTTP {status1}).</source>
            <translation>{host} 的中枢尚未就绪（HTTP {status1}）。</translation>
        </message>
        <message>
            <source>The hub cannot write log lines to {folder}: {strerror1}.</source>
            <translation>中枢无法将日志行写入 {folder}：{strerror1}。</translation>
        </message>
        <message>
            <source>The hub cannot write {path}: {strerror1}.</source>
            <translation>中枢无法写入 {path}：{strerror1}。</translation>
        </message>
        <message>
            <source>The hub did not end within {bound} s.</source>
            <translation>中枢在 {bound} 秒内没有结束。</translation>
        </message>
        <message>
            <source>The hub does not know this device (any more).</source>
            <translation>中枢不（再）认识此设备。</translation>
        </message>
        <message>
            <source>The hub does not know this session.</source>
            <translation>中枢不认识此会话。</translation>
        </message>
        <message>
            <source>The hub does not know this upload (any more).</source>
            <translation>中枢不（再）认识此上传。</translation>
        </message>
        <message>
            <source>The hub does not listen on {host}: until it speaks TLS, passwords and updates would cross the network in the clear.</source>
            <translation>中枢不在 {host} 上监听：在支持 TLS 之前，密码和更新会以明文穿过网络。</translation>
        </message>
        <message>
            <source>The hub does not read bodies in '{encoding}'.</source>
            <translation>中枢不读取“{encoding}”编码的正文。</translation>
        </message>
        <message>
            <source>The hub ended while starting: {words}</source>
            <translation>中枢在启动时结束了：{words}</translation>
        </message>
        <message>
            <source>The hub gave the plan of another run than {run}; it was not signed.</source>
            <translation>中枢给出的不是 {run} 的计划；未予签名。</translation>
        </message>
        <message>
            <source>The hub has no package {sha}… of yours.</source>
            <translation>中枢没有您的程序包 {sha}…。</translation>
        </message>
        <message>
            <source>The hub has nothing at this address.</source>
            <translation>中枢在此地址没有内容。</translation>
        </message>
        <message>
            <source>The hub is not connected to its broker.</source>
            <translation>中枢未连接到其消息代理。</translation>
        </message>
        <message>
            <source>The hub is starting or ending just now.</source>
            <translation>中枢正在启动或结束。</translation>
        </message>
        <message>
            <source>The hub is still checking this model.</source>
            <translation>中枢仍在检查此模型。</translation>
        </message>
        <message>
            <source>The hub keeps its data in SQLite or PostgreSQL, not in '{drivername}'.</source>
            <translation>中枢的数据保存在 SQLite 或 PostgreSQL 中，而不是“{drivername}”。</translation>
        </message>
        <message>
            <source>The hub met an error that it does not know.</source>
            <translation>中枢遇到未知错误。</translation>
        </message>
        <message>
            <source>The hub runs.</source>
            <translation>中枢正在运行。</translation>
        </message>
        <message>
            <source>The hub sent a message of an unknown shape: {first}</source>
            <translation>中枢发来无法识别的消息：{first}</translation>
        </message>
        <message>
            <source>The hub was not ready after {bound} s.</source>
            <translation>中枢在 {bound} 秒后仍未就绪。</translation>
        </message>
        <message>
            <source>The hub's database cannot be copied: {error}.</source>
            <translation>中枢的数据库无法复制：{error}。</translation>
        </message>
        <message>
            <source>The hub's database cannot be opened for writing: {text}.</source>
            <translation>中枢的数据库无法以写入方式打开：{text}。</translation>
        </message>
        <message>
            <source>The hub's database cannot write: {text}.</source>
            <translation>中枢的数据库无法写入：{text}。</translation>
        </message>
        <message>
            <source>The hub's database does not answer: {text}.</source>
            <translation>中枢的数据库没有应答：{text}。</translation>
        </message>
        <message>
            <source>The hub's database is damaged: {damage}.</source>
            <translation>中枢的数据库已损坏：{damage}。</translation>
        </message>
        <message>
            <source>The hub's database is damaged: {text}.</source>
            <translation>中枢的数据库已损坏：{text}。</translation>
        </message>
        <message>
            <source>The hub's database refused a command: {type}.</source>
            <translation>中枢的数据库拒绝了命令：{type}。</translation>
        </message>
        <message>
            <source>The hub's database was made by another version of SiloDesk: {error}.</source>
            <translation>中枢的数据库由另一版本的 SiloDesk 创建：{error}。</translation>
        </message>
        <message>
            <source>The hub's folder {hub} cannot be made: {strerror1}.</source>
            <translation>无法创建中枢的文件夹 {hub}：{strerror1}。</translation>
        </message>
        <message>
            <source>The hub's message broker does not answer. {detail} It is tried again by itself; if it stays so, check that the hub runs and that the network is up.</source>
            <translation>中枢的消息代理没有应答。{detail} 它会自动重试；若仍如此，请确认中枢正在运行且网络畅通。</translation>
        </message>
        <message>
            <source>The hub's own line to its broker may be broken.</source>
            <translation>中枢自身到消息代理的线路可能已中断。</translation>
        </message>
        <message>
            <source>The hub's secret in {path} cannot be read.</source>
            <translation>{path} 中的中枢机密无法读取。</translation>
        </message>
        <message>
            <source>The hub's services are not started yet.</source>
            <translation>中枢的服务尚未启动。</translation>
        </message>
        <message>
            <source>The imports did not end</source>
            <translation>导入未能结束</translation>
        </message>
        <message>
            <source>The imports were not tried</source>
            <translation>未尝试导入</translation>
        </message>
        <message>
            <source>The imports work in the sandbox</source>
            <translation>导入可在沙箱中进行</translation>
        </message>
        <message>
            <source>The input is larger than {limit} MiB.</source>
            <translation>输入大于 {limit} MiB。</translation>
        </message>
        <message>
            <source>The installation did not end within {bound} min.</source>
            <translation>安装未能在 {bound} 分钟内完成。</translation>
        </message>
        <message>
            <source>The installation was stopped.</source>
            <translation>安装已停止。</translation>
        </message>
        <message>
            <source>The job could not begin before its plan expired. {job}</source>
            <translation>作业未能在其计划过期前开始。{job}</translation>
        </message>
        <message>
            <source>The job crashed in native code ({name}).</source>
            <translation>作业在本机代码中崩溃（{name}）。</translation>
        </message>
        <message>
            <source>The job ended with exit code {code}{words1}</source>
            <translation>作业以退出码 {code} 结束{words1}</translation>
        </message>
        <message>
            <source>The job ended without doing what it was started for.</source>
            <translation>作业未完成其任务就结束了。</translation>
        </message>
        <message>
            <source>The job failed without a reason.</source>
            <translation>作业失败，未说明原因。</translation>
        </message>
        <message>
            <source>The job finished.</source>
            <translation>作业已完成。</translation>
        </message>
        <message>
            <source>The job lost its channel to the keeper{words}</source>
            <translation>作业失去了与守护进程的通道{words}</translation>
        </message>
        <message>
            <source>The job ran out of memory; its largest process used {peak}.</source>
            <translation>作业内存不足；其最大的进程使用了 {peak}。</translation>
        </message>
        <message>
            <source>The job ran out of memory{where}. {memory1}</source>
            <translation>作业内存不足{where}。{memory1}</translation>
        </message>
        <message>
            <source>The job runs in a sandbox (bubblewrap): no network, your files and other jobs hidden, dataset and package read-only.</source>
            <translation>作业在沙箱（bubblewrap）中运行：无网络，看不到您的文件和其他作业，数据集和程序包只读。</translation>
        </message>
        <message>
            <source>The job runs in a weaker sandbox ({name}): it can reach {reached1}.</source>
            <translation>作业在较弱的沙箱（{name}）中运行：它可以接触{reached1}。</translation>
        </message>
        <message>
            <source>The job runtime is not made on this machine</source>
            <translation>本机尚未制作作业运行时</translation>
        </message>
        <message>
            <source>The job runtime was not asked</source>
            <translation>未询问作业运行时</translation>
        </message>
        <message>
            <source>The job runtime {key} does not work.</source>
            <translation>作业运行时 {key} 无法工作。</translation>
        </message>
        <message>
            <source>The job runtime {target} cannot be written: {strerror1}.</source>
            <translation>作业运行时 {target} 无法写入：{strerror1}。</translation>
        </message>
        <message>
            <source>The job runtime's Python {python} cannot be started: {strerror1}.</source>
            <translation>作业运行时的 Python {python} 无法启动：{strerror1}。</translation>
        </message>
        <message>
            <source>The job used up the processor time it was allowed.</source>
            <translation>作业用完了允许的处理器时间。</translation>
        </message>
        <message>
            <source>The job was ended: it wrote more than the {limit} of scratch space it may use.</source>
            <translation>作业已被结束：它写入的内容超出允许的 {limit} 临时空间。</translation>
        </message>
        <message>
            <source>The job was ended: it wrote something to its channel that is no frame ({detail})</source>
            <translation>作业已被结束：它向通道写入的内容不是帧（{detail}）</translation>
        </message>
        <message>
            <source>The job was ended: the disk of its keeper is full ({detail}).</source>
            <translation>作业已被结束：其守护进程的磁盘已满（{detail}）。</translation>
        </message>
        <message>
            <source>The job was killed from outside (SIGKILL): by a person, or by the system.</source>
            <translation>作业被外部终止（SIGKILL）：由人或由系统。</translation>
        </message>
        <message>
            <source>The job was stopped{why}.</source>
            <translation>作业已停止{why}。</translation>
        </message>
        <message>
            <source>The job was stopped{why}. It did not end in time and was killed.</source>
            <translation>作业已停止{why}。它没有及时结束，已被强制终止。</translation>
        </message>
        <message>
            <source>The job was told to end by a signal.</source>
            <translation>作业收到信号而结束。</translation>
        </message>
        <message>
            <source>The job {job} is not in the journal.</source>
            <translation>作业 {job} 不在日志库中。</translation>
        </message>
        <message>
            <source>The job's keeper ended without a record, and the job with it: it was killed, or the machine was restarted{because}.</source>
            <translation>作业的守护进程没有留下记录就结束了，作业随之结束：它被终止，或机器已重启{because}。</translation>
        </message>
        <message>
            <source>The job's keeper is gone, and the job with it.</source>
            <translation>作业的守护进程已不在，作业随之结束。</translation>
        </message>
        <message>
            <source>The keeper of job {job} did not start within {bound1} s.</source>
            <translation>作业 {job} 的守护进程在 {bound1} 秒内没有启动。</translation>
        </message>
        <message>
            <source>The keeper of job {job} does not answer.</source>
            <translation>作业 {job} 的守护进程没有应答。</translation>
        </message>
        <message>
            <source>The keeper of this job went away.</source>
            <translation>此作业的守护进程已离开。</translation>
        </message>
        <message>
            <source>The keeper's folder of job {job} cannot be made: {strerror1}.</source>
            <translation>无法创建作业 {job} 的守护文件夹：{strerror1}。</translation>
        </message>
        <message>
            <source>The keyring of this machine cannot be used: {cause}.</source>
            <translation>本机的密钥环无法使用：{cause}。</translation>
        </message>
        <message>
            <source>The lines before the error are in the run's log.</source>
            <translation>错误之前的内容见运行的日志。</translation>
        </message>
        <message>
            <source>The load of other programs is not known yet.</source>
            <translation>其他程序的负载尚不清楚。</translation>
        </message>
        <message>
            <source>The lock file {path} cannot be written: {strerror1}.</source>
            <translation>锁文件 {path} 无法写入：{strerror1}。</translation>
        </message>
        <message>
            <source>The machine is there, but no program listens on this port.</source>
            <translation>机器在线，但没有程序在此端口监听。</translation>
        </message>
        <message>
            <source>The machine or session ends.</source>
            <translation>机器或会话即将结束。</translation>
        </message>
        <message>
            <source>The message broker</source>
            <translation>消息代理</translation>
        </message>
        <message>
            <source>The metric {key} is {value1}{where2}; it cannot be drawn.</source>
            <translation>指标 {key} 为 {value1}{where2}；无法绘制。</translation>
        </message>
        <message>
            <source>The model cannot be written as TorchScript: {join}.</source>
            <translation>模型无法写成 TorchScript：{join}。</translation>
        </message>
        <message>
            <source>The model did not answer within {bound} s.</source>
            <translation>模型在 {bound} 秒内没有应答。</translation>
        </message>
        <message>
            <source>The model file does not belong to the package's model: {join}.</source>
            <translation>模型文件与程序包的模型不符：{join}。</translation>
        </message>
        <message>
            <source>The model file has {len} arrays without names, and the package's model has {len1}.</source>
            <translation>模型文件有 {len} 个未命名数组，而程序包的模型有 {len1} 个。</translation>
        </message>
        <message>
            <source>The model file is no safetensors file: {error}.</source>
            <translation>模型文件不是 safetensors 文件：{error}。</translation>
        </message>
        <message>
            <source>The model gives NaN or infinite values for its own example.</source>
            <translation>模型对自身的示例给出 NaN 或无穷大。</translation>
        </message>
        <message>
            <source>The model gives {list} values for two inputs, and the declaration has {wanted1} labels.</source>
            <translation>模型对两个输入给出 {list} 个值，而声明有 {wanted1} 个标签。</translation>
        </message>
        <message>
            <source>The model is still being loaded.</source>
            <translation>模型仍在加载。</translation>
        </message>
        <message>
            <source>The model raised {type}: {join1}</source>
            <translation>模型抛出 {type}：{join1}</translation>
        </message>
        <message>
            <source>The model was not loaded within {bound} s.</source>
            <translation>模型在 {bound} 秒内没有加载完成。</translation>
        </message>
        <message>
            <source>The model's declaration names the parameter {name}, which the app's config does not have.</source>
            <translation>模型的声明使用参数 {name}，而应用的配置中没有它。</translation>
        </message>
        <message>
            <source>The model's weights did not come within {wait} s.</source>
            <translation>模型的权重在 {wait} 秒内没有到达。</translation>
        </message>
        <message>
            <source>The name server of this network has no such name.</source>
            <translation>此网络的域名服务器没有该名称。</translation>
        </message>
        <message>
            <source>The name {host} is not known.</source>
            <translation>名称 {host} 无法解析。</translation>
        </message>
        <message>
            <source>The object has {size} bytes in the store instead of {size1}.</source>
            <translation>该对象在存储中有 {size} 字节，而不是 {size1} 字节。</translation>
        </message>
        <message>
            <source>The object store</source>
            <translation>对象存储</translation>
        </message>
        <message>
            <source>The object store at {host} gave other bytes back.</source>
            <translation>{host} 的对象存储返回了不同的内容。</translation>
        </message>
        <message>
            <source>The object store at {host} is not ready (HTTP {status1}).</source>
            <translation>{host} 的对象存储尚未就绪（HTTP {status1}）。</translation>
        </message>
        <message>
            <source>The object store at {host} refused the address (HTTP {status1}); it may be expired.</source>
            <translation>{host} 的对象存储拒绝了该地址（HTTP {status1}）；它可能已过期。</translation>
        </message>
        <message>
            <source>The object store at {url} does not answer.</source>
            <translation>{url} 的对象存储没有应答。</translation>
        </message>
        <message>
            <source>The object store at {url} is not ready ({code1}).</source>
            <translation>{url} 的对象存储尚未就绪（{code1}）。</translation>
        </message>
        <message>
            <source>The object store at {url} refuses the hub ({code1}).</source>
            <translation>{url} 的对象存储拒绝了中枢（{code1}）。</translation>
        </message>
        <message>
            <source>The object store does not have what was asked for.</source>
            <translation>对象存储中没有所请求的内容。</translation>
        </message>
        <message>
            <source>The object store has no {object}.</source>
            <translation>对象存储中没有 {object}。</translation>
        </message>
        <message>
            <source>The object store {sentence}</source>
            <translation>对象存储{sentence}</translation>
        </message>
        <message>
            <source>The operator of {silo} refused it: {reason1}.</source>
            <translation>{silo} 的操作员已拒绝：{reason1}。</translation>
        </message>
        <message>
            <source>The other side reported an error without words.</source>
            <translation>对方报告了没有说明的错误。</translation>
        </message>
        <message>
            <source>The package cannot be described: {loc}: {msg1}.</source>
            <translation>程序包无法描述：{loc}：{msg1}。</translation>
        </message>
        <message>
            <source>The package cannot be imported: {error}.</source>
            <translation>程序包无法导入：{error}。</translation>
        </message>
        <message>
            <source>The package cannot be imported{words}</source>
            <translation>程序包无法导入{words}</translation>
        </message>
        <message>
            <source>The package cannot be trusted: {cause}.</source>
            <translation>程序包不可信：{cause}。</translation>
        </message>
        <message>
            <source>The package cannot be written to {target}: {strerror1}.</source>
            <translation>程序包无法写入 {target}：{strerror1}。</translation>
        </message>
        <message>
            <source>The package changed while it was read.</source>
            <translation>程序包在读取期间发生变化。</translation>
        </message>
        <message>
            <source>The package declares no parameter “{key}”</source>
            <translation>程序包没有声明参数“{key}”</translation>
        </message>
        <message>
            <source>The package declares {factory} as its model, and has no such name.</source>
            <translation>程序包声明 {factory} 为其模型，但没有这样的名称。</translation>
        </message>
        <message>
            <source>The package ended itself with exit code {code}.</source>
            <translation>程序包以退出码 {code} 自行结束。</translation>
        </message>
        <message>
            <source>The package ended itself: {code}</source>
            <translation>程序包自行结束：{code}</translation>
        </message>
        <message>
            <source>The package has format {version}; this SiloDesk reads up to {version1}.</source>
            <translation>程序包的格式为 {version}；此 SiloDesk 最多支持 {version1}。</translation>
        </message>
        <message>
            <source>The package has no entry file '{entry}'.</source>
            <translation>程序包没有入口文件“{entry}”。</translation>
        </message>
        <message>
            <source>The package has no file {path}.</source>
            <translation>程序包没有文件 {path}。</translation>
        </message>
        <message>
            <source>The package has {size} MB; the hub takes {limit1} MB.</source>
            <translation>程序包大小为 {size} MB；中枢接受 {limit1} MB。</translation>
        </message>
        <message>
            <source>The package imports '{top}', which this job's runtime does not have.</source>
            <translation>程序包导入了“{top}”，而此作业的运行时没有它。</translation>
        </message>
        <message>
            <source>The package is not the one that the hub names for this model.</source>
            <translation>该程序包不是中枢为此模型所指的那个。</translation>
        </message>
        <message>
            <source>The package is not the one that the run's owner signed for.</source>
            <translation>该程序包不是运行所有者签名的那个。</translation>
        </message>
        <message>
            <source>The package {name} has nothing for the role {role1}.</source>
            <translation>程序包 {name} 没有角色 {role1} 的内容。</translation>
        </message>
        <message>
            <source>The package {name} needs the engine '{engine1}', which this SiloDesk does not run yet.</source>
            <translation>程序包 {name} 需要引擎“{engine1}”，此 SiloDesk 尚不支持。</translation>
        </message>
        <message>
            <source>The package {path} cannot be read: {error1}.</source>
            <translation>程序包 {path} 无法读取：{error1}。</translation>
        </message>
        <message>
            <source>The package's code raised an exception{words}</source>
            <translation>程序包的代码抛出了异常{words}</translation>
        </message>
        <message>
            <source>The package's conf/fedml.yaml cannot be read.</source>
            <translation>程序包的 conf/fedml.yaml 无法读取。</translation>
        </message>
        <message>
            <source>The package's config has no key for the number of rounds.</source>
            <translation>程序包的配置没有表示轮数的键。</translation>
        </message>
        <message>
            <source>The package's config is too large or too deep, or holds something else than values.</source>
            <translation>程序包的配置过大或过深，或含有值以外的内容。</translation>
        </message>
        <message>
            <source>The package's entry {entry} is not in it.</source>
            <translation>程序包的入口 {entry} 不在其中。</translation>
        </message>
        <message>
            <source>The package's signature does not match its manifest.</source>
            <translation>程序包的签名与其清单不符。</translation>
        </message>
        <message>
            <source>The parameter {key} is {kind1} in the package, and {value2} is not.</source>
            <translation>参数 {key} 在程序包中是{kind1}，而 {value2} 不是。</translation>
        </message>
        <message>
            <source>The parameters are larger than 64 kB, or hold a value out of range.</source>
            <translation>参数超过 64 kB，或含有超出范围的值。</translation>
        </message>
        <message>
            <source>The parts of an upload do not fit together.</source>
            <translation>上传的各部分不相符。</translation>
        </message>
        <message>
            <source>The picture is cut.</source>
            <translation>图片不完整。</translation>
        </message>
        <message>
            <source>The plan is signed with a key that is not registered for your account.</source>
            <translation>计划的签名密钥未登记在您的账户下。</translation>
        </message>
        <message>
            <source>The plan is too old, or the two clocks differ by minutes.</source>
            <translation>计划过旧，或两边的时钟相差数分钟。</translation>
        </message>
        <message>
            <source>The prediction process has ended.</source>
            <translation>预测进程已结束。</translation>
        </message>
        <message>
            <source>The process that reads Parquet files failed: {said}.</source>
            <translation>读取 Parquet 文件的进程失败：{said}。</translation>
        </message>
        <message>
            <source>The program there hangs, or a device on the way swallows what it says.</source>
            <translation>那里的程序已挂起，或途中的设备截走了它的应答。</translation>
        </message>
        <message>
            <source>The program {name} is missing, which the hub's own services need.</source>
            <translation>缺少中枢自身服务所需的程序 {name}。</translation>
        </message>
        <message>
            <source>The proxy comes {source}.</source>
            <translation>代理服务器来自{source}。</translation>
        </message>
        <message>
            <source>The proxy comes {source}; it took the connection and said nothing, or a firewall drops what is sent there.</source>
            <translation>代理服务器来自{source}；它接受了连接但没有应答，或防火墙丢弃了发往那里的内容。</translation>
        </message>
        <message>
            <source>The proxy looks the name up.</source>
            <translation>由代理服务器解析名称。</translation>
        </message>
        <message>
            <source>The proxy {where} cannot be reached: {why1}.</source>
            <translation>无法访问代理服务器 {where}：{why1}。</translation>
        </message>
        <message>
            <source>The proxy {where} does not answer.</source>
            <translation>代理服务器 {where} 没有应答。</translation>
        </message>
        <message>
            <source>The proxy {where} does not let this machine through to {host1}: {status2} (HTTP {status3}).</source>
            <translation>代理服务器 {where} 不允许本机访问 {host1}：{status2}（HTTP {status3}）。</translation>
        </message>
        <message>
            <source>The proxy's name {host} is not known.</source>
            <translation>代理服务器的名称 {host} 无法解析。</translation>
        </message>
        <message>
            <source>The reading of '{name}' was stopped.</source>
            <translation>对“{name}”的读取已停止。</translation>
        </message>
        <message>
            <source>The reading was stopped.</source>
            <translation>读取已停止。</translation>
        </message>
        <message>
            <source>The rehearsal has ended.</source>
            <translation>演练已结束。</translation>
        </message>
        <message>
            <source>The request cannot be read.</source>
            <translation>请求无法读取。</translation>
        </message>
        <message>
            <source>The request cannot be used: {message}.</source>
            <translation>请求无法使用：{message}。</translation>
        </message>
        <message>
            <source>The request was broken off.</source>
            <translation>请求已中断。</translation>
        </message>
        <message>
            <source>The request's body did not arrive in time.</source>
            <translation>请求的正文没有及时到达。</translation>
        </message>
        <message>
            <source>The request's body is over the limit of {limit} bytes.</source>
            <translation>请求的正文超过 {limit} 字节的上限。</translation>
        </message>
        <message>
            <source>The requirement {name} cannot be installed: {why1}.</source>
            <translation>依赖 {name} 无法安装：{why1}。</translation>
        </message>
        <message>
            <source>The requirement {text} cannot be installed: {why1}.</source>
            <translation>依赖 {text} 无法安装：{why1}。</translation>
        </message>
        <message>
            <source>The requirements cannot be met</source>
            <translation>依赖无法满足</translation>
        </message>
        <message>
            <source>The requirements contradict each other: {reason}</source>
            <translation>各依赖互相矛盾：{reason}</translation>
        </message>
        <message>
            <source>The restored hub cannot be put in its place: {strerror}.</source>
            <translation>恢复的中枢无法就位：{strerror}。</translation>
        </message>
        <message>
            <source>The run changed after its plan was made.</source>
            <translation>运行在其计划制定后发生了变化。</translation>
        </message>
        <message>
            <source>The run could not begin within {hours} hours. {detail1}</source>
            <translation>运行在 {hours} 小时内未能开始。{detail1}</translation>
        </message>
        <message>
            <source>The run ended before this device took its order.</source>
            <translation>此设备接受指令之前运行已结束。</translation>
        </message>
        <message>
            <source>The run ended: {detail}</source>
            <translation>运行已结束：{detail}</translation>
        </message>
        <message>
            <source>The run has finished.</source>
            <translation>运行已完成。</translation>
        </message>
        <message>
            <source>The run is {state}; nothing can be added to it.</source>
            <translation>运行状态为 {state}；无法再向其添加内容。</translation>
        </message>
        <message>
            <source>The run still goes on, and its models with it.</source>
            <translation>运行仍在继续，其模型也是。</translation>
        </message>
        <message>
            <source>The run was stopped.</source>
            <translation>运行已停止。</translation>
        </message>
        <message>
            <source>The run's owner has paused it. {reason}</source>
            <translation>运行的所有者已暂停它。{reason}</translation>
        </message>
        <message>
            <source>The run's parameters are all that it gets.</source>
            <translation>运行的参数就是它得到的全部。</translation>
        </message>
        <message>
            <source>The same as the hub's, within a second.</source>
            <translation>与中枢的时间相差不到一秒。</translation>
        </message>
        <message>
            <source>The sandbox cannot be made: {removeprefix}.</source>
            <translation>无法建立沙箱：{removeprefix}。</translation>
        </message>
        <message>
            <source>The secrets lie in {place}.</source>
            <translation>机密存放在{place}。</translation>
        </message>
        <message>
            <source>The server job at {site} ended as {value1}.</source>
            <translation>{site} 的服务器作业以 {value1} 结束。</translation>
        </message>
        <message>
            <source>The session has ended.</source>
            <translation>会话已结束。</translation>
        </message>
        <message>
            <source>The session has expired.</source>
            <translation>会话已过期。</translation>
        </message>
        <message>
            <source>The setting {name} cannot be {str1}: {split2}.</source>
            <translation>设置 {name} 不能为 {str1}：{split2}。</translation>
        </message>
        <message>
            <source>The settings cannot be written to {path}: {strerror1}.</source>
            <translation>设置无法写入 {path}：{strerror1}。</translation>
        </message>
        <message>
            <source>The settings file {path} cannot be read: {error1}.</source>
            <translation>设置文件 {path} 无法读取：{error1}。</translation>
        </message>
        <message>
            <source>The settings file {path} has a value that cannot be used: {loc1}: {msg2}.</source>
            <translation>设置文件 {path} 中有无法使用的值：{loc1}：{msg2}。</translation>
        </message>
        <message>
            <source>The sign-in has ended.</source>
            <translation>登录已失效。</translation>
        </message>
        <message>
            <source>The signature does not match the plan.</source>
            <translation>签名与计划不符。</translation>
        </message>
        <message>
            <source>The source folder {folder} does not exist.</source>
            <translation>源文件夹 {folder} 不存在。</translation>
        </message>
        <message>
            <source>The start order is incomplete: {error}.</source>
            <translation>启动指令不完整：{error}。</translation>
        </message>
        <message>
            <source>The start order was refused: {sentence}</source>
            <translation>启动指令被拒绝：{sentence}</translation>
        </message>
        <message>
            <source>The store could not continue a download; it starts again.</source>
            <translation>存储无法继续下载；将重新开始。</translation>
        </message>
        <message>
            <source>The store has less of a file than was fetched before.</source>
            <translation>存储中的文件比先前取得的更短。</translation>
        </message>
        <message>
            <source>The store sent more than the {size} bytes that were announced.</source>
            <translation>存储发来的内容超过声明的 {size} 字节。</translation>
        </message>
        <message>
            <source>The telemetry batch has another shape: {where}: {msg1}.</source>
            <translation>遥测批次的格式不符：{where}：{msg1}。</translation>
        </message>
        <message>
            <source>The tensor {name} cannot be handed over: {strerror1}.</source>
            <translation>张量 {name} 无法移交：{strerror1}。</translation>
        </message>
        <message>
            <source>The tensor {name} is no regular file; it is not followed.</source>
            <translation>张量 {name} 不是普通文件；不予跟随。</translation>
        </message>
        <message>
            <source>The token is missing or wrong.</source>
            <translation>令牌缺失或错误。</translation>
        </message>
        <message>
            <source>The two may understand each other only in part.</source>
            <translation>两者可能只能部分互通。</translation>
        </message>
        <message>
            <source>The upload has {stat} bytes instead of {size1}.</source>
            <translation>上传有 {stat} 字节，而不是 {size1} 字节。</translation>
        </message>
        <message>
            <source>The upload of {name} was stopped.</source>
            <translation>{name} 的上传已停止。</translation>
        </message>
        <message>
            <source>The uploaded bytes do not have the announced sha256.</source>
            <translation>上传内容的 sha256 与声明的不符。</translation>
        </message>
        <message>
            <source>The whole log is {log}.</source>
            <translation>完整日志为 {log}。</translation>
        </message>
        <message>
            <source>The {name} in {place1} is damaged.</source>
            <translation>{place1} 中的{name}已损坏。</translation>
        </message>
        <message>
            <source>The {role} device {name1} left the group after the run was created.</source>
            <translation>{role} 设备 {name1} 在运行创建后离开了群组。</translation>
        </message>
        <message>
            <source>There are no other jobs: this script does not run inside SiloDesk.</source>
            <translation>没有其他作业：此脚本不在 SiloDesk 中运行。</translation>
        </message>
        <message>
            <source>There is a dataset called '{name}' already.</source>
            <translation>已有名为“{name}”的数据集。</translation>
        </message>
        <message>
            <source>There is a hub in {root} already.</source>
            <translation>{root} 中已有中枢。</translation>
        </message>
        <message>
            <source>There is already an account for {email}.</source>
            <translation>{email} 已有账户。</translation>
        </message>
        <message>
            <source>There is an NVIDIA driver, but it does not answer.</source>
            <translation>有 NVIDIA 驱动程序，但没有应答。</translation>
        </message>
        <message>
            <source>There is no application {application} in the project's group.</source>
            <translation>项目的群组中没有应用 {application}。</translation>
        </message>
        <message>
            <source>There is no approval {approval} on this machine.</source>
            <translation>本机没有审批 {approval}。</translation>
        </message>
        <message>
            <source>There is no backup {path}.</source>
            <translation>没有备份 {path}。</translation>
        </message>
        <message>
            <source>There is no dataset called '{name}' on this machine.</source>
            <translation>本机没有名为“{name}”的数据集。</translation>
        </message>
        <message>
            <source>There is no dataset {dataset} on this machine.</source>
            <translation>本机没有数据集 {dataset}。</translation>
        </message>
        <message>
            <source>There is no device {edge}, or it is not shared with you.</source>
            <translation>没有设备 {edge}，或它未与您共享。</translation>
        </message>
        <message>
            <source>There is no engine called {engine}.</source>
            <translation>没有名为 {engine} 的引擎。</translation>
        </message>
        <message>
            <source>There is no export to '{form}'.</source>
            <translation>不能导出为“{form}”。</translation>
        </message>
        <message>
            <source>There is no house rule called {min}.</source>
            <translation>没有名为 {min} 的本站规则。</translation>
        </message>
        <message>
            <source>There is no hub with a database of its own in {root}.</source>
            <translation>{root} 中没有自带数据库的中枢。</translation>
        </message>
        <message>
            <source>There is no job {job} on this machine.</source>
            <translation>本机没有作业 {job}。</translation>
        </message>
        <message>
            <source>There is no other job of rank {value} in this run.</source>
            <translation>此运行中没有序号为 {value} 的其他作业。</translation>
        </message>
        <message>
            <source>There is no package file {file}.</source>
            <translation>没有程序包文件 {file}。</translation>
        </message>
        <message>
            <source>There is no prediction server {serving} on this machine.</source>
            <translation>本机没有预测服务 {serving}。</translation>
        </message>
        <message>
            <source>There is no preview of these values.</source>
            <translation>这些值还没有预览。</translation>
        </message>
        <message>
            <source>There is no project {project}, or it is not shared with you.</source>
            <translation>没有项目 {project}，或它未与您共享。</translation>
        </message>
        <message>
            <source>There is no row in it.</source>
            <translation>其中没有数据行。</translation>
        </message>
        <message>
            <source>There is no sandbox on this machine: this job can reach the network and your files; what leaves that way is not counted.</source>
            <translation>本机没有沙箱：此作业可以接触网络和您的文件；由此外发的内容不计入统计。</translation>
        </message>
        <message>
            <source>There is no setting called {min}.</source>
            <translation>没有名为 {min} 的设置。</translation>
        </message>
        <message>
            <source>There is no standing approval for this content.</source>
            <translation>此内容没有长期审批。</translation>
        </message>
        <message>
            <source>There is no such account.</source>
            <translation>没有这样的账户。</translation>
        </message>
        <message>
            <source>There is no such group, or it is not shared with you.</source>
            <translation>没有这样的群组，或它未与您共享。</translation>
        </message>
        <message>
            <source>There is no such invitation.</source>
            <translation>没有这样的邀请。</translation>
        </message>
        <message>
            <source>There is no such member in this group.</source>
            <translation>此群组中没有该成员。</translation>
        </message>
        <message>
            <source>There is no such {thing}, or it is not shared with you.</source>
            <translation>没有这样的{thing}，或它未与您共享。</translation>
        </message>
        <message>
            <source>There is nothing at this address.</source>
            <translation>此地址没有内容。</translation>
        </message>
        <message>
            <source>There is nothing at {place}.</source>
            <translation>{place} 处没有内容。</translation>
        </message>
        <message>
            <source>There is nothing to pause or resume.</source>
            <translation>没有可暂停或恢复的内容。</translation>
        </message>
        <message>
            <source>There is nothing to stop.</source>
            <translation>没有可停止的内容。</translation>
        </message>
        <message>
            <source>There is nothing with such a number.</source>
            <translation>没有此编号的内容。</translation>
        </message>
        <message>
            <source>There were too many failed tries to sign in.</source>
            <translation>登录失败次数过多。</translation>
        </message>
        <message>
            <source>This account does not exist any more.</source>
            <translation>此账户已不存在。</translation>
        </message>
        <message>
            <source>This account was disabled by the hub's administrator.</source>
            <translation>此账户已被中枢管理员停用。</translation>
        </message>
        <message>
            <source>This address answers as 127.0.0.1 only.</source>
            <translation>此地址仅以 127.0.0.1 应答。</translation>
        </message>
        <message>
            <source>This address does not take this method.</source>
            <translation>此地址不接受该方法。</translation>
        </message>
        <message>
            <source>This backup is damaged or no backup: {why}.</source>
            <translation>此备份已损坏或不是备份：{why}。</translation>
        </message>
        <message>
            <source>This backup was made by another version of SiloDesk.</source>
            <translation>此备份由另一版本的 SiloDesk 制作。</translation>
        </message>
        <message>
            <source>This check failed itself: {type}.</source>
            <translation>此项检查自身出错：{type}。</translation>
        </message>
        <message>
            <source>This cursor does not come from the hub.</source>
            <translation>此游标不是来自中枢。</translation>
        </message>
        <message>
            <source>This device was revoked.</source>
            <translation>此设备已被撤销。</translation>
        </message>
        <message>
            <source>This does not look like text; it cannot be shown as a table.</source>
            <translation>这看起来不是文本，无法显示为表格。</translation>
        </message>
        <message>
            <source>This hub is spoken to without encryption (http).</source>
            <translation>与此中枢的通信未加密（http）。</translation>
        </message>
        <message>
            <source>This hub runs without an object store.</source>
            <translation>此中枢运行时没有对象存储。</translation>
        </message>
        <message>
            <source>This invitation cannot be opened again.</source>
            <translation>此邀请不能再次打开。</translation>
        </message>
        <message>
            <source>This invitation is for a new account on this hub, and you have one.</source>
            <translation>此邀请用于在此中枢新建账户，而您已有账户。</translation>
        </message>
        <message>
            <source>This invitation is for another e-mail address.</source>
            <translation>此邀请用于另一个电子邮件地址。</translation>
        </message>
        <message>
            <source>This invitation {get}.</source>
            <translation>此邀请{get}。</translation>
        </message>
        <message>
            <source>This invitation {why}.</source>
            <translation>此邀请{why}。</translation>
        </message>
        <message>
            <source>This is for accounts only.</source>
            <translation>仅限账户使用。</translation>
        </message>
        <message>
            <source>This is for devices only.</source>
            <translation>仅限设备使用。</translation>
        </message>
        <message>
            <source>This is no safetensors file: {error}</source>
            <translation>这不是 safetensors 文件：{error}</translation>
        </message>
        <message>
            <source>This is not an Ed25519 public key.</source>
            <translation>这不是 Ed25519 公钥。</translation>
        </message>
        <message>
            <source>This is not an invitation link.</source>
            <translation>这不是邀请链接。</translation>
        </message>
        <message>
            <source>This is not such a link.</source>
            <translation>这不是此类链接。</translation>
        </message>
        <message>
            <source>This job has ended as {value}.</source>
            <translation>此作业已以 {value} 结束。</translation>
        </message>
        <message>
            <source>This job's runtime cannot load models: {error}.</source>
            <translation>此作业的运行时无法加载模型：{error}。</translation>
        </message>
        <message>
            <source>This job's runtime has no Flower that SiloDesk can use: {error}.</source>
            <translation>此作业的运行时没有 SiloDesk 可用的 Flower：{error}。</translation>
        </message>
        <message>
            <source>This link was used already, or it has expired.</source>
            <translation>此链接已被使用，或已过期。</translation>
        </message>
        <message>
            <source>This looks like a secret</source>
            <translation>看起来像机密信息</translation>
        </message>
        <message>
            <source>This machine has no battery: always on mains.</source>
            <translation>本机没有电池：始终使用市电。</translation>
        </message>
        <message>
            <source>This machine has no network connection.</source>
            <translation>本机没有网络连接。</translation>
        </message>
        <message>
            <source>This machine is not bound to a hub.</source>
            <translation>本机未绑定中枢。</translation>
        </message>
        <message>
            <source>This machine's clock is {span} {side1} the hub's</source>
            <translation>本机时钟比中枢{side1} {span}</translation>
        </message>
        <message>
            <source>This model is not served here now.</source>
            <translation>此模型目前未在此提供服务。</translation>
        </message>
        <message>
            <source>This model takes rows of a table, no picture.</source>
            <translation>此模型接受表格数据行，不接受图片。</translation>
        </message>
        <message>
            <source>This needs a credential.</source>
            <translation>此操作需要凭据。</translation>
        </message>
        <message>
            <source>This needs a signed-in account.</source>
            <translation>此操作需要已登录的账户。</translation>
        </message>
        <message>
            <source>This run has ended as {state}.</source>
            <translation>此运行已以 {state} 结束。</translation>
        </message>
        <message>
            <source>This run has not been started.</source>
            <translation>此运行尚未启动。</translation>
        </message>
        <message>
            <source>This run was already started; it is {state}.</source>
            <translation>此运行已启动过；状态为 {state}。</translation>
        </message>
        <message>
            <source>This run was started in the meantime.</source>
            <translation>此运行在此期间已被启动。</translation>
        </message>
        <message>
            <source>This server still runs.</source>
            <translation>此服务仍在运行。</translation>
        </message>
        <message>
            <source>This worker has no engine '{engine}'.</source>
            <translation>此工作进程没有引擎“{engine}”。</translation>
        </message>
        <message>
            <source>To the hub and back in {value} ms.</source>
            <translation>往返中枢 {value} 毫秒。</translation>
        </message>
        <message>
            <source>Today's egress budget is used up; the job goes on at midnight.</source>
            <translation>今日的外发流量预算已用完；作业将在午夜继续。</translation>
        </message>
        <message>
            <source>Too many people sign in at this moment.</source>
            <translation>此刻登录的人太多。</translation>
        </message>
        <message>
            <source>Too many predictions wait already.</source>
            <translation>等待中的预测已过多。</translation>
        </message>
        <message>
            <source>Try again in a few seconds.</source>
            <translation>请过几秒再试。</translation>
        </message>
        <message>
            <source>Try again in a moment.</source>
            <translation>请稍后重试。</translation>
        </message>
        <message>
            <source>Try again in a moment; if it stays so, check the hub and the network.</source>
            <translation>请稍后重试；若仍如此，请检查中枢和网络。</translation>
        </message>
        <message>
            <source>Try again when it runs or is down.</source>
            <translation>请在其运行或停机后重试。</translation>
        </message>
        <message>
            <source>Try again; if it happens again, send the hub's log to its operator.</source>
            <translation>请重试；若再次发生，请将中枢的日志发给其操作员。</translation>
        </message>
        <message>
            <source>Type a hub's address or paste an invitation link to check the way there.</source>
            <translation>请输入中枢地址或粘贴邀请链接，以检查通往那里的路径。</translation>
        </message>
        <message>
            <source>Type a hub's address or paste an invitation link.</source>
            <translation>请输入中枢地址或粘贴邀请链接。</translation>
        </message>
        <message>
            <source>URL Protocol</source>
            <translation>URL 协议</translation>
        </message>
        <message>
            <source>Unlock or install a secret service, or name a file that only you can read: --credentials FILE.</source>
            <translation>请解锁或安装密钥服务，或指定仅您可读的文件：--credentials FILE。</translation>
        </message>
        <message>
            <source>Unpacking and checking hashes</source>
            <translation>正在解包并核对哈希</translation>
        </message>
        <message>
            <source>Update SiloDesk on this machine, or name another --home.</source>
            <translation>请更新本机的 SiloDesk，或用 --home 另指定主文件夹。</translation>
        </message>
        <message>
            <source>Update SiloDesk.</source>
            <translation>请更新 SiloDesk。</translation>
        </message>
        <message>
            <source>Upload it again.</source>
            <translation>请重新上传。</translation>
        </message>
        <message>
            <source>Upload it first.</source>
            <translation>请先上传。</translation>
        </message>
        <message>
            <source>Upload the file again.</source>
            <translation>请重新上传文件。</translation>
        </message>
        <message>
            <source>Use Flower's ServerApp and ClientApp, or a plain script.</source>
            <translation>请使用 Flower 的 ServerApp 和 ClientApp，或普通脚本。</translation>
        </message>
        <message>
            <source>Use a finite number; JSON knows neither NaN nor Infinity.</source>
            <translation>请使用有限数值；JSON 没有 NaN 和 Infinity。</translation>
        </message>
        <message>
            <source>Use another backup; nothing was changed.</source>
            <translation>请使用其他备份；没有任何更改。</translation>
        </message>
        <message>
            <source>Use it (`silodesk status`), or name another --home.</source>
            <translation>请直接使用它（`silodesk status`），或用 --home 另指定主文件夹。</translation>
        </message>
        <message>
            <source>Use postgresql://USER:PASSWORD@HOST/NAME, or leave it out for SQLite.</source>
            <translation>请使用 postgresql://USER:PASSWORD@HOST/NAME，或省略以使用 SQLite。</translation>
        </message>
        <message>
            <source>Use that dataset, or name another place.</source>
            <translation>请使用该数据集，或指定其他位置。</translation>
        </message>
        <message>
            <source>Use that one, stop it first, or give this one another --home.</source>
            <translation>请使用那一个，先停止它，或为这一个另设 --home。</translation>
        </message>
        <message>
            <source>Use the same account and --home as the agent.</source>
            <translation>请使用与代理相同的账户和 --home。</translation>
        </message>
        <message>
            <source>Use {scheme}://; without TLS only services of this machine may be named.</source>
            <translation>请使用 {scheme}://；没有 TLS 时只能指定本机的服务。</translation>
        </message>
        <message>
            <source>Wait until it is done.</source>
            <translation>请等待其完成。</translation>
        </message>
        <message>
            <source>Wait until it is read, or start the reading on the Datasets page.</source>
            <translation>请等待读取完成，或在“数据集”页面开始读取。</translation>
        </message>
        <message>
            <source>Wait until nothing writes into the folder, then build again.</source>
            <translation>请等到没有程序写入该文件夹，然后重新构建。</translation>
        </message>
        <message>
            <source>Wait {max} minutes, then try again.</source>
            <translation>请等待 {max} 分钟后重试。</translation>
        </message>
        <message>
            <source>Waiting for a message.</source>
            <translation>正在等待消息。</translation>
        </message>
        <message>
            <source>Waiting for approval at {names}.</source>
            <translation>正在等待 {names} 审批。</translation>
        </message>
        <message>
            <source>Waiting for the server's next message.</source>
            <translation>正在等待服务器的下一条消息。</translation>
        </message>
        <message>
            <source>Waiting for the silos to finish.</source>
            <translation>正在等待各站点完成。</translation>
        </message>
        <message>
            <source>Waiting for {names}{more1}.</source>
            <translation>正在等待 {names}{more1}。</translation>
        </message>
        <message>
            <source>Waits for the operator of {silo} again: {why1}</source>
            <translation>再次等待 {silo} 的操作员：{why1}</translation>
        </message>
        <message>
            <source>Waits for {join}.</source>
            <translation>正在等待 {join}。</translation>
        </message>
        <message>
            <source>Waits until the operator of {silo} allows it.</source>
            <translation>等待 {silo} 的操作员批准。</translation>
        </message>
        <message>
            <source>What answers at the agent's socket is no agent.</source>
            <translation>在代理套接字上应答的不是代理。</translation>
        </message>
        <message>
            <source>What answers at the hub's address does not speak as a SiloDesk hub does.</source>
            <translation>在 Hub 地址应答的程序不是 SiloDesk Hub。</translation>
        </message>
        <message>
            <source>What answers at {host} does not speak as a SiloDesk hub does (HTTP {status1}).</source>
            <translation>{host} 的应答不像 SiloDesk 中枢（HTTP {status1}）。</translation>
        </message>
        <message>
            <source>What answers at {url} is not a SiloDesk hub (HTTP {code1}).</source>
            <translation>{url} 的应答不是 SiloDesk 中枢（HTTP {code1}）。</translation>
        </message>
        <message>
            <source>What came from the keeper is not a frame.</source>
            <translation>守护进程发来的内容不是帧。</translation>
        </message>
        <message>
            <source>What came over the channel is not a frame.</source>
            <translation>通道传来的内容不是帧。</translation>
        </message>
        <message>
            <source>What was asked hangs, or this machine is very busy.</source>
            <translation>所请求的对象已挂起，或本机非常繁忙。</translation>
        </message>
        <message>
            <source>Whoever is on the way can read passwords and updates.</source>
            <translation>途中的任何人都能读取密码和更新。</translation>
        </message>
        <message>
            <source>Windows reserves that name</source>
            <translation>Windows 保留了该名称</translation>
        </message>
        <message>
            <source>Write -t client, -t server or -t flower.</source>
            <translation>请写 -t client、-t server 或 -t flower。</translation>
        </message>
        <message>
            <source>Write it again with the program that made it, then read the dataset again.</source>
            <translation>请用生成它的程序重新写出，然后再次读取该数据集。</translation>
        </message>
        <message>
            <source>Write it as NAME==VERSION; folders and files cannot be installed.</source>
            <translation>请写成 NAME==VERSION；不能安装文件夹和文件。</translation>
        </message>
        <message>
            <source>Write it as name@example.org.</source>
            <translation>请写成 name@example.org 的形式。</translation>
        </message>
        <message>
            <source>Write it as scheme://user:password@host:port; escape special signs by %.</source>
            <translation>请写成 scheme://user:password@host:port；特殊符号用 % 转义。</translation>
        </message>
        <message>
            <source>Write it as sections of `key: value` lines.</source>
            <translation>请写成由 `key: value` 行组成的各节。</translation>
        </message>
        <message>
            <source>Write it like http://127.0.0.1:8765, as the hub prints it.</source>
            <translation>请按中枢显示的形式填写，如 http://127.0.0.1:8765。</translation>
        </message>
        <message>
            <source>Write it like http://proxy.example.org:3128, or none for a direct connection, or leave it empty for what the system says.</source>
            <translation>请写成 http://proxy.example.org:3128 的形式；直接连接写 none；留空则按系统设置。</translation>
        </message>
        <message>
            <source>Write mqtts://ADMIN@host and put the password into {password}.</source>
            <translation>请写 mqtts://ADMIN@host，并把密码放入 {password}。</translation>
        </message>
        <message>
            <source>Write the requirements into one file.</source>
            <translation>请把依赖写入一个文件。</translation>
        </message>
        <message>
            <source>Write {key} = "module:app" under [tool.flwr.app.components].</source>
            <translation>请在 [tool.flwr.app.components] 下写 {key} = "module:app"。</translation>
        </message>
        <message>
            <source>Writing the file</source>
            <translation>正在写入文件</translation>
        </message>
        <message>
            <source>You cannot do this to your own account.</source>
            <translation>不能对您自己的账户执行此操作。</translation>
        </message>
        <message>
            <source>You should specify the type argument value as client or server, or flower; not '{type}'.</source>
            <translation>类型参数应为 client、server 或 flower；而不是“{type}”。</translation>
        </message>
        <message>
            <source>Your role does not allow this for the {thing}.</source>
            <translation>您的角色无权对{thing}执行此操作。</translation>
        </message>
        <message>
            <source>a chat token</source>
            <translation>聊天令牌</translation>
        </message>
        <message>
            <source>a classification needs two labels or more</source>
            <translation>分类需要两个或更多标签</translation>
        </message>
        <message>
            <source>a cloud access key</source>
            <translation>云访问密钥</translation>
        </message>
        <message>
            <source>a code host's token</source>
            <translation>代码托管平台的令牌</translation>
        </message>
        <message>
            <source>a column is named twice</source>
            <translation>有列被重复命名</translation>
        </message>
        <message>
            <source>a file that the manifest lists is missing</source>
            <translation>缺少清单列出的文件</translation>
        </message>
        <message>
            <source>a link out of the folder</source>
            <translation>指向文件夹之外的链接</translation>
        </message>
        <message>
            <source>a link to a folder</source>
            <translation>指向文件夹的链接</translation>
        </message>
        <message>
            <source>a link to nothing</source>
            <translation>失效的链接</translation>
        </message>
        <message>
            <source>a model host's token</source>
            <translation>模型托管平台的令牌</translation>
        </message>
        <message>
            <source>a number is not finite, or a std is 0</source>
            <translation>有数值不是有限数值，或标准差为 0</translation>
        </message>
        <message>
            <source>a part of it ends in a dot or blank, which Windows drops</source>
            <translation>其中一部分以句点或空格结尾，Windows 会将其去掉</translation>
        </message>
        <message>
            <source>a part of it is longer than {limit} bytes</source>
            <translation>其中一部分超过 {limit} 字节</translation>
        </message>
        <message>
            <source>a password in an address</source>
            <translation>地址中的密码</translation>
        </message>
        <message>
            <source>a private key</source>
            <translation>私钥</translation>
        </message>
        <message>
            <source>a signed token</source>
            <translation>签名令牌</translation>
        </message>
        <message>
            <source>a size differs</source>
            <translation>大小不同</translation>
        </message>
        <message>
            <source>a standing approval</source>
            <translation>长期审批</translation>
        </message>
        <message>
            <source>a table input needs columns</source>
            <translation>表格输入需要列</translation>
        </message>
        <message>
            <source>a tensor's file became shorter while it was sent</source>
            <translation>张量文件在发送期间变短</translation>
        </message>
        <message>
            <source>a tool's cache</source>
            <translation>工具的缓存</translation>
        </message>
        <message>
            <source>a value of type {type} cannot travel between jobs</source>
            <translation>{type} 类型的值不能在作业之间传递</translation>
        </message>
        <message>
            <source>a whole number</source>
            <translation>整数</translation>
        </message>
        <message>
            <source>address already in use</source>
            <translation>地址已被占用</translation>
        </message>
        <message>
            <source>agent events</source>
            <translation>代理事件</translation>
        </message>
        <message>
            <source>ahead of</source>
            <translation>快</translation>
        </message>
        <message>
            <source>all Python files read</source>
            <translation>已读取所有 Python 文件</translation>
        </message>
        <message>
            <source>an API key</source>
            <translation>API 密钥</translation>
        </message>
        <message>
            <source>an array holds Python objects</source>
            <translation>数组含有 Python 对象</translation>
        </message>
        <message>
            <source>an array's head has a wrong length</source>
            <translation>数组头部的长度不正确</translation>
        </message>
        <message>
            <source>an array's name or type is no text</source>
            <translation>数组的名称或类型不是文本</translation>
        </message>
        <message>
            <source>an array's shape is no number</source>
            <translation>数组的形状不是数字</translation>
        </message>
        <message>
            <source>an earlier build</source>
            <translation>先前的构建</translation>
        </message>
        <message>
            <source>an example has not {count} values</source>
            <translation>示例没有 {count} 个值</translation>
        </message>
        <message>
            <source>an image input needs width and height</source>
            <translation>图像输入需要宽度和高度</translation>
        </message>
        <message>
            <source>an offset in it leads nowhere</source>
            <translation>其中的偏移无效</translation>
        </message>
        <message>
            <source>an unknown issuer</source>
            <translation>未知的颁发者</translation>
        </message>
        <message>
            <source>an unnamed issuer</source>
            <translation>未命名的颁发者</translation>
        </message>
        <message>
            <source>another name</source>
            <translation>另一个名称</translation>
        </message>
        <message>
            <source>arrays of {sum} bytes were announced, and {len1} came</source>
            <translation>声明了 {sum} 字节的数组，实际收到 {len1}</translation>
        </message>
        <message>
            <source>at most a minute</source>
            <translation>最多一分钟</translation>
        </message>
        <message>
            <source>bubblewrap is missing, or this system forbids user namespaces.</source>
            <translation>缺少 bubblewrap，或此系统禁止用户命名空间。</translation>
        </message>
        <message>
            <source>calls FedML</source>
            <translation>调用 FedML</translation>
        </message>
        <message>
            <source>cannot be read</source>
            <translation>无法读取</translation>
        </message>
        <message>
            <source>changing the package</source>
            <translation>更改程序包</translation>
        </message>
        <message>
            <source>claims to be device {edge}</source>
            <translation>自称是设备 {edge}</translation>
        </message>
        <message>
            <source>compiled Python</source>
            <translation>编译后的 Python</translation>
        </message>
        <message>
            <source>connection broken by</source>
            <translation>连接被中断：</translation>
        </message>
        <message>
            <source>device and group</source>
            <translation>设备和群组</translation>
        </message>
        <message>
            <source>empty folder</source>
            <translation>空文件夹</translation>
        </message>
        <message>
            <source>fedml_config.yaml found</source>
            <translation>已找到 fedml_config.yaml</translation>
        </message>
        <message>
            <source>fedml_config.yaml holds no keys.</source>
            <translation>fedml_config.yaml 中没有键。</translation>
        </message>
        <message>
            <source>fedml_config.yaml is not YAML{where}.</source>
            <translation>fedml_config.yaml 不是 YAML{where}。</translation>
        </message>
        <message>
            <source>for this run</source>
            <translation>仅限此运行</translation>
        </message>
        <message>
            <source>global metric of run {run}</source>
            <translation>运行 {run} 的全局指标</translation>
        </message>
        <message>
            <source>has '{name}' of shape {list1}, not {expected2}</source>
            <translation>“{name}”的形状为 {list1}，而不是 {expected2}</translation>
        </message>
        <message>
            <source>has NaN or infinite values in '{name}'</source>
            <translation>“{name}”中有 NaN 或无穷大</translation>
        </message>
        <message>
            <source>has an unreadable array '{name}'</source>
            <translation>有无法读取的数组“{name}”</translation>
        </message>
        <message>
            <source>has expired</source>
            <translation>已过期</translation>
        </message>
        <message>
            <source>has more than {limit} files</source>
            <translation>有超过 {limit} 个文件</translation>
        </message>
        <message>
            <source>house rules</source>
            <translation>本站规则</translation>
        </message>
        <message>
            <source>hub line</source>
            <translation>中枢线路</translation>
        </message>
        <message>
            <source>ignored by fab-exclude</source>
            <translation>被 fab-exclude 忽略</translation>
        </message>
        <message>
            <source>ignored by the pattern {pattern}</source>
            <translation>被模式 {pattern} 忽略</translation>
        </message>
        <message>
            <source>ignored by {base}/.gitignore</source>
            <translation>被 {base}/.gitignore 忽略</translation>
        </message>
        <message>
            <source>in the job runtime</source>
            <translation>在作业运行时中</translation>
        </message>
        <message>
            <source>is larger than 2 GiB</source>
            <translation>大于 2 GiB</translation>
        </message>
        <message>
            <source>it cannot be read</source>
            <translation>无法读取</translation>
        </message>
        <message>
            <source>it cannot be written to</source>
            <translation>无法写入</translation>
        </message>
        <message>
            <source>it cannot reach the hub</source>
            <translation>它无法到达中枢</translation>
        </message>
        <message>
            <source>it changed while it was unpacked</source>
            <translation>在解包期间发生变化</translation>
        </message>
        <message>
            <source>it closed the connection</source>
            <translation>连接被对方关闭</translation>
        </message>
        <message>
            <source>it did not answer in time</source>
            <translation>没有及时应答</translation>
        </message>
        <message>
            <source>it did not answer within {limit} s</source>
            <translation>在 {limit} 秒内没有应答</translation>
        </message>
        <message>
            <source>it died</source>
            <translation>进程已终止</translation>
        </message>
        <message>
            <source>it differs from {before} only in case</source>
            <translation>与 {before} 仅大小写不同</translation>
        </message>
        <message>
            <source>it does not exist</source>
            <translation>不存在</translation>
        </message>
        <message>
            <source>it forbids this address</source>
            <translation>它禁止此地址</translation>
        </message>
        <message>
            <source>it has a backslash</source>
            <translation>含有反斜杠</translation>
        </message>
        <message>
            <source>it has a character that not every system allows</source>
            <translation>含有并非所有系统都允许的字符</translation>
        </message>
        <message>
            <source>it has an empty part</source>
            <translation>含有空的部分</translation>
        </message>
        <message>
            <source>it has more than {limit} entries</source>
            <translation>有超过 {limit} 个条目</translation>
        </message>
        <message>
            <source>it has no service that keeps secrets encrypted</source>
            <translation>没有可加密保存机密的服务</translation>
        </message>
        <message>
            <source>it is a file and a folder</source>
            <translation>既是文件又是文件夹</translation>
        </message>
        <message>
            <source>it is absolute</source>
            <translation>是绝对路径</translation>
        </message>
        <message>
            <source>it is cut</source>
            <translation>不完整</translation>
        </message>
        <message>
            <source>it is empty</source>
            <translation>为空</translation>
        </message>
        <message>
            <source>it is longer than {limit} bytes</source>
            <translation>超过 {limit} 字节</translation>
        </message>
        <message>
            <source>it is not a name with versions</source>
            <translation>不是带版本的名称</translation>
        </message>
        <message>
            <source>it is not a zip file, or it is cut</source>
            <translation>不是 zip 文件，或不完整</translation>
        </message>
        <message>
            <source>it is not the content that was asked for</source>
            <translation>不是所请求的内容</translation>
        </message>
        <message>
            <source>it is outside the allowed hours</source>
            <translation>不在允许的时段内</translation>
        </message>
        <message>
            <source>it is there twice</source>
            <translation>重复出现</translation>
        </message>
        <message>
            <source>it lacks</source>
            <translation>它缺少</translation>
        </message>
        <message>
            <source>it leads out of the package with '..'</source>
            <translation>用“..”指向程序包之外</translation>
        </message>
        <message>
            <source>it names a drive</source>
            <translation>含有驱动器名</translation>
        </message>
        <message>
            <source>it names a file that no backup has</source>
            <translation>它包含备份中不应有的文件</translation>
        </message>
        <message>
            <source>it names an address instead of a version</source>
            <translation>指定的是地址而不是版本</translation>
        </message>
        <message>
            <source>it needs more memory than it may have</source>
            <translation>它需要的内存超过允许的上限</translation>
        </message>
        <message>
            <source>it said nothing</source>
            <translation>没有输出</translation>
        </message>
        <message>
            <source>it said nothing.</source>
            <translation>没有输出。</translation>
        </message>
        <message>
            <source>it unpacks to more than 2 GiB</source>
            <translation>解包后超过 2 GiB</translation>
        </message>
        <message>
            <source>it unpacks to more than it says</source>
            <translation>解包后大于其所述</translation>
        </message>
        <message>
            <source>it unpacks to over {limit} times its size</source>
            <translation>解包后超过其大小的 {limit} 倍</translation>
        </message>
        <message>
            <source>it wants a sign-in</source>
            <translation>它要求登录</translation>
        </message>
        <message>
            <source>its answers differ from the model's</source>
            <translation>其答案与模型不同</translation>
        </message>
        <message>
            <source>its entries are not the ones it lists</source>
            <translation>其条目与所列不符</translation>
        </message>
        <message>
            <source>its entry {entry} is not in it</source>
            <translation>其入口 {entry} 不在其中</translation>
        </message>
        <message>
            <source>its files do not lie in one folder</source>
            <translation>其文件不在同一文件夹中</translation>
        </message>
        <message>
            <source>its inline part has {len} bytes</source>
            <translation>其内嵌部分有 {len} 字节</translation>
        </message>
        <message>
            <source>its job ended as {state}</source>
            <translation>其作业以 {state} 结束</translation>
        </message>
        <message>
            <source>its list of entries is over the limit</source>
            <translation>其条目列表超出上限</translation>
        </message>
        <message>
            <source>its listing cannot be read ({type})</source>
            <translation>其清单无法读取（{type}）</translation>
        </message>
        <message>
            <source>its manifest does not match its content digest</source>
            <translation>其清单与内容摘要不符</translation>
        </message>
        <message>
            <source>its manifest is gone</source>
            <translation>其清单已丢失</translation>
        </message>
        <message>
            <source>its manifest is wrong at {where}: {msg1}</source>
            <translation>其清单在 {where} 处有误：{msg1}</translation>
        </message>
        <message>
            <source>its manifest lists a file twice</source>
            <translation>其清单重复列出了文件</translation>
        </message>
        <message>
            <source>its name has two readings</source>
            <translation>其名称有两种读法</translation>
        </message>
        <message>
            <source>its name is not known</source>
            <translation>其名称无法解析</translation>
        </message>
        <message>
            <source>its name is not valid Unicode</source>
            <translation>其名称不是有效的 Unicode</translation>
        </message>
        <message>
            <source>its signature file has another shape</source>
            <translation>其签名文件格式不符</translation>
        </message>
        <message>
            <source>its {what} is larger than {limit1} MiB</source>
            <translation>其{what}大于 {limit1} MiB</translation>
        </message>
        <message>
            <source>its {what} is not JSON</source>
            <translation>其{what}不是 JSON</translation>
        </message>
        <message>
            <source>its {what} is not spelled as SiloDesk spells it</source>
            <translation>其{what}的写法与 SiloDesk 不同</translation>
        </message>
        <message>
            <source>job ended</source>
            <translation>作业已结束</translation>
        </message>
        <message>
            <source>job started</source>
            <translation>作业已启动</translation>
        </message>
        <message>
            <source>link to {link}</source>
            <translation>指向 {link} 的链接</translation>
        </message>
        <message>
            <source>local services by abstract sockets</source>
            <translation>通过抽象套接字访问的本地服务</translation>
        </message>
        <message>
            <source>local services such as D-Bus and the keyring</source>
            <translation>D-Bus 和密钥环等本地服务</translation>
        </message>
        <message>
            <source>looks like a secret</source>
            <translation>看起来像机密信息</translation>
        </message>
        <message>
            <source>model name</source>
            <translation>模型名称</translation>
        </message>
        <message>
            <source>model of round {round}</source>
            <translation>第 {round} 轮的模型</translation>
        </message>
        <message>
            <source>named in pyproject.toml</source>
            <translation>在 pyproject.toml 中指定</translation>
        </message>
        <message>
            <source>native code</source>
            <translation>本机代码</translation>
        </message>
        <message>
            <source>no file type of Flower apps; fab-include adds it</source>
            <translation>不是 Flower 应用的文件类型；可用 fab-include 加入</translation>
        </message>
        <message>
            <source>no plain file</source>
            <translation>不是普通文件</translation>
        </message>
        <message>
            <source>no reason given</source>
            <translation>未说明原因</translation>
        </message>
        <message>
            <source>no reason was given</source>
            <translation>未说明原因</translation>
        </message>
        <message>
            <source>no sandbox could be made on this machine; the first run tells</source>
            <translation>此机器上无法建立沙箱；首次运行时可知</translation>
        </message>
        <message>
            <source>no wheel of it is offered for this machine</source>
            <translation>没有适用于本机的 wheel</translation>
        </message>
        <message>
            <source>nobody has this password</source>
            <translation>没有人使用此密码</translation>
        </message>
        <message>
            <source>none: this build is not signed</source>
            <translation>无：此版本未签名</translation>
        </message>
        <message>
            <source>not a Python file; it is started as a script</source>
            <translation>不是 Python 文件；将作为脚本启动</translation>
        </message>
        <message>
            <source>not enough memory</source>
            <translation>内存不足</translation>
        </message>
        <message>
            <source>not named in fab-include</source>
            <translation>未列入 fab-include</translation>
        </message>
        <message>
            <source>not signed</source>
            <translation>未签名</translation>
        </message>
        <message>
            <source>not within {seconds} s in the sandbox ({kind1})</source>
            <translation>在沙箱（{kind1}）中 {seconds} 秒内未完成</translation>
        </message>
        <message>
            <source>nothing besides Python and the package itself</source>
            <translation>除 Python 与程序包自身外别无所需</translation>
        </message>
        <message>
            <source>nothing besides the job runtime</source>
            <translation>除作业运行时外无其他依赖</translation>
        </message>
        <message>
            <source>nothing listens there</source>
            <translation>那里没有程序在监听</translation>
        </message>
        <message>
            <source>order sent</source>
            <translation>指令已发送</translation>
        </message>
        <message>
            <source>other programs need the machine</source>
            <translation>其他程序需要本机</translation>
        </message>
        <message>
            <source>out of memory</source>
            <translation>内存不足</translation>
        </message>
        <message>
            <source>packages fetched</source>
            <translation>程序包已获取</translation>
        </message>
        <message>
            <source>packages verified</source>
            <translation>程序包已验证</translation>
        </message>
        <message>
            <source>pip adds {some}</source>
            <translation>pip 会添加 {some}</translation>
        </message>
        <message>
            <source>pip did not say within {bound} s whether the requirements can be met.</source>
            <translation>pip 在 {bound} 秒内没有说明依赖能否满足。</translation>
        </message>
        <message>
            <source>port is already in use</source>
            <translation>端口已被占用</translation>
        </message>
        <message>
            <source>pyproject.toml cannot be read: {error}.</source>
            <translation>pyproject.toml 无法读取：{error}。</translation>
        </message>
        <message>
            <source>pyproject.toml names no {key}.</source>
            <translation>pyproject.toml 未指定 {key}。</translation>
        </message>
        <message>
            <source>pyproject.toml names {reference} as {key1}, and there is no {shown2}.py.</source>
            <translation>pyproject.toml 将 {reference} 指定为 {key1}，但没有 {shown2}.py。</translation>
        </message>
        <message>
            <source>reads files</source>
            <translation>读取文件</translation>
        </message>
        <message>
            <source>replaced by the config folder</source>
            <translation>被配置文件夹替代</translation>
        </message>
        <message>
            <source>requirements and imports were not tried. {step}</source>
            <translation>未尝试依赖和导入。{step}</translation>
        </message>
        <message>
            <source>run {run} epoch {epoch1}</source>
            <translation>运行 {run} 批次 {epoch1}</translation>
        </message>
        <message>
            <source>runs as a script</source>
            <translation>作为脚本运行</translation>
        </message>
        <message>
            <source>runs text</source>
            <translation>执行文本</translation>
        </message>
        <message>
            <source>runtime ready</source>
            <translation>运行时已就绪</translation>
        </message>
        <message>
            <source>sandbox {kind}, {seconds1} s; the package's own code was not run</source>
            <translation>沙箱 {kind}，{seconds1} 秒；未运行程序包自身的代码</translation>
        </message>
        <message>
            <source>signed at build</source>
            <translation>构建时签名</translation>
        </message>
        <message>
            <source>status of run {run}</source>
            <translation>运行 {run} 的状态</translation>
        </message>
        <message>
            <source>systemd user unit and autostart entry</source>
            <translation>systemd 用户单元和自动启动条目</translation>
        </message>
        <message>
            <source>the agent closed the connection</source>
            <translation>代理关闭了连接</translation>
        </message>
        <message>
            <source>the broker comes first</source>
            <translation>须先检查消息代理</translation>
        </message>
        <message>
            <source>the connection failed</source>
            <translation>连接失败</translation>
        </message>
        <message>
            <source>the dataset '{name}' changed after it was approved: version {number1} was approved, it is version {number2} now.</source>
            <translation>数据集“{name}”在批准后发生了变化：批准的是版本 {number1}，现在是版本 {number2}。</translation>
        </message>
        <message>
            <source>the encryption has to hold first</source>
            <translation>须先确认加密</translation>
        </message>
        <message>
            <source>the file {path}</source>
            <translation>文件 {path}</translation>
        </message>
        <message>
            <source>the folder changed since the preview</source>
            <translation>文件夹在预览之后发生变化</translation>
        </message>
        <message>
            <source>the hub has to answer first</source>
            <translation>中枢须先应答</translation>
        </message>
        <message>
            <source>the hub was too slow</source>
            <translation>中枢太慢</translation>
        </message>
        <message>
            <source>the hub's address comes first</source>
            <translation>须先有中枢地址</translation>
        </message>
        <message>
            <source>the job runtime brings them all</source>
            <translation>作业运行时已包含全部</translation>
        </message>
        <message>
            <source>the keeper's folder was removed</source>
            <translation>守护进程的文件夹已被删除</translation>
        </message>
        <message>
            <source>the machine is hotter than {limit} °C</source>
            <translation>机器温度高于 {limit} °C</translation>
        </message>
        <message>
            <source>the machine runs on battery</source>
            <translation>机器正在使用电池</translation>
        </message>
        <message>
            <source>the model does not know</source>
            <translation>模型不认识</translation>
        </message>
        <message>
            <source>the name has to be known first</source>
            <translation>须先解析名称</translation>
        </message>
        <message>
            <source>the network</source>
            <translation>网络</translation>
        </message>
        <message>
            <source>the operator</source>
            <translation>操作员</translation>
        </message>
        <message>
            <source>the port has to answer first</source>
            <translation>端口须先应答</translation>
        </message>
        <message>
            <source>the proxy comes first</source>
            <translation>须先检查代理服务器</translation>
        </message>
        <message>
            <source>the proxy on the way does not let it through</source>
            <translation>途中的代理服务器不予放行</translation>
        </message>
        <message>
            <source>the proxy refused</source>
            <translation>代理服务器已拒绝</translation>
        </message>
        <message>
            <source>the setting data_dir</source>
            <translation>设置 data_dir</translation>
        </message>
        <message>
            <source>the system's keyring</source>
            <translation>系统密钥环</translation>
        </message>
        <message>
            <source>the versions offered are {join}</source>
            <translation>可用的版本为 {join}</translation>
        </message>
        <message>
            <source>there is no fedml_config.yaml in it</source>
            <translation>其中没有 fedml_config.yaml</translation>
        </message>
        <message>
            <source>they need different versions</source>
            <translation>它们需要不同的版本</translation>
        </message>
        <message>
            <source>true or false</source>
            <translation>true 或 false</translation>
        </message>
        <message>
            <source>unshare; bubblewrap is not available</source>
            <translation>unshare；bubblewrap 不可用</translation>
        </message>
        <message>
            <source>version history</source>
            <translation>版本历史</translation>
        </message>
        <message>
            <source>virtual environment</source>
            <translation>虚拟环境</translation>
        </message>
        <message>
            <source>warm worker</source>
            <translation>预热的工作进程</translation>
        </message>
        <message>
            <source>was already used</source>
            <translation>已被使用</translation>
        </message>
        <message>
            <source>was declined</source>
            <translation>已被谢绝</translation>
        </message>
        <message>
            <source>was revoked</source>
            <translation>已被撤销</translation>
        </message>
        <message>
            <source>yes or no</source>
            <translation>是或否</translation>
        </message>
        <message>
            <source>your files</source>
            <translation>您的文件</translation>
        </message>
        <message>
            <source>{above} cannot be written.</source>
            <translation>{above} 无法写入。</translation>
        </message>
        <message>
            <source>{bytes} bytes to {host1} and back.</source>
            <translation>与 {host1} 往返 {bytes} 字节。</translation>
        </message>
        <message>
            <source>{clock}, allowed from {then1}.</source>
            <translation>{clock}，自 {then1} 起允许。</translation>
        </message>
        <message>
            <source>{clock}, allowed until {then1}.</source>
            <translation>{clock}，允许至 {then1}。</translation>
        </message>
        <message>
            <source>{clock}, always allowed.</source>
            <translation>{clock}，始终允许。</translation>
        </message>
        <message>
            <source>{clock}, never allowed.</source>
            <translation>{clock}，从不允许。</translation>
        </message>
        <message>
            <source>{dest} is a file.</source>
            <translation>{dest} 是文件。</translation>
        </message>
        <message>
            <source>{disk} cannot be read: {strerror1}.</source>
            <translation>{disk} 无法读取：{strerror1}。</translation>
        </message>
        <message>
            <source>{dropped} log lines were dropped: the job writes more than is kept.</source>
            <translation>已丢弃 {dropped} 行日志：作业写入的内容超出保留上限。</translation>
        </message>
        <message>
            <source>{entry} has another hash than it lists</source>
            <translation>{entry} 的哈希与所列不同</translation>
        </message>
        <message>
            <source>{error}; they are fetched again.</source>
            <translation>{error}；将重新获取。</translation>
        </message>
        <message>
            <source>{factory} does not take the declared parameters: {error1}.</source>
            <translation>{factory} 不接受声明的参数：{error1}。</translation>
        </message>
        <message>
            <source>{factory} made no torch module but a {type1}.</source>
            <translation>{factory} 生成的不是 torch 模块，而是 {type1}。</translation>
        </message>
        <message>
            <source>{file} cannot be read: {strerror1}.</source>
            <translation>{file} 无法读取：{strerror1}。</translation>
        </message>
        <message>
            <source>{host} cannot be reached: {cause1}.</source>
            <translation>无法访问 {host}：{cause1}。</translation>
        </message>
        <message>
            <source>{host} does not speak TLS as expected.</source>
            <translation>{host} 没有按预期使用 TLS。</translation>
        </message>
        <message>
            <source>{host} shows a certificate that it signed itself (“{issuer1}”).</source>
            <translation>{host} 出示的是自签名证书（“{issuer1}”）。</translation>
        </message>
        <message>
            <source>{host}, {port1}/tcp, outbound, {kind2}</source>
            <translation>{host}，{port1}/tcp，外发，{kind2}</translation>
        </message>
        <message>
            <source>{host}:{port1} does not speak TLS.</source>
            <translation>{host}:{port1} 不使用 TLS。</translation>
        </message>
        <message>
            <source>{host}:{port1} takes connections and never answers.</source>
            <translation>{host}:{port1} 接受连接但从不应答。</translation>
        </message>
        <message>
            <source>{host}:{port1} took the connection and says nothing.</source>
            <translation>{host}:{port1} 接受了连接但没有应答。</translation>
        </message>
        <message>
            <source>{job} cannot name a job.</source>
            <translation>{job} 不能作为作业名称。</translation>
        </message>
        <message>
            <source>{job} has no order</source>
            <translation>{job} 没有指令</translation>
        </message>
        <message>
            <source>{join} is running.</source>
            <translation>{join} 正在运行。</translation>
        </message>
        <message>
            <source>{key} of run {run1}</source>
            <translation>运行 {run1} 的 {key}</translation>
        </message>
        <message>
            <source>{label} does not answer any more: {reason1}</source>
            <translation>{label} 不再应答：{reason1}</translation>
        </message>
        <message>
            <source>{label} gave no answer within {seconds1} s</source>
            <translation>{label} 在 {seconds1} 秒内没有应答</translation>
        </message>
        <message>
            <source>{len} arrays were announced, and {len1} heads came</source>
            <translation>宣布了 {len} 个数组，收到 {len1} 个头部</translation>
        </message>
        <message>
            <source>{len} files, {len1} left out</source>
            <translation>{len} 个文件，排除 {len1} 个</translation>
        </message>
        <message>
            <source>{len} keys, {rounds1} rounds</source>
            <translation>{len} 个键，{rounds1} 轮</translation>
        </message>
        <message>
            <source>{len} keys; the number of rounds cannot be set when a run is created.</source>
            <translation>{len} 个键；创建运行时不能设置轮数。</translation>
        </message>
        <message>
            <source>{len} patterns tried on all files</source>
            <translation>已在所有文件上检查 {len} 种模式</translation>
        </message>
        <message>
            <source>{len} rows came, and {limit1} are taken at once.</source>
            <translation>收到 {len} 行，而一次最多接受 {limit1} 行。</translation>
        </message>
        <message>
            <source>{links} links are not followed; a job cannot read them.</source>
            <translation>有 {links} 个链接未跟随；作业无法读取它们。</translation>
        </message>
        <message>
            <source>{method} needs the field {error1}.</source>
            <translation>{method} 需要字段 {error1}。</translation>
        </message>
        <message>
            <source>{missing}: it is {clause1}</source>
            <translation>{missing}：{clause1}</translation>
        </message>
        <message>
            <source>{name} cannot be read as a Parquet file: {error1}.</source>
            <translation>无法将 {name} 作为 Parquet 文件读取：{error1}。</translation>
        </message>
        <message>
            <source>{name} cannot be unpacked into {dest1}: {strerror2}.</source>
            <translation>{name} 无法解包到 {dest1}：{strerror2}。</translation>
        </message>
        <message>
            <source>{name} differs from what its builder wrote.</source>
            <translation>{name} 与其构建者写入的内容不同。</translation>
        </message>
        <message>
            <source>{name} exists and will be replaced</source>
            <translation>{name} 已存在，将被替换</translation>
        </message>
        <message>
            <source>{name} has no file {path1}.</source>
            <translation>{name} 没有文件 {path1}。</translation>
        </message>
        <message>
            <source>{name} has version {version1}, this machine {own2}.</source>
            <translation>{name} 的版本是 {version1}，本机是 {own2}。</translation>
        </message>
        <message>
            <source>{name} has {found1} values, and {count2} are needed</source>
            <translation>{name} 有 {found1} 个值，需要 {count2} 个</translation>
        </message>
        <message>
            <source>{name} is a folder with content</source>
            <translation>{name} 是含内容的文件夹</translation>
        </message>
        <message>
            <source>{name} is encrypted</source>
            <translation>{name} 已加密</translation>
        </message>
        <message>
            <source>{name} is no intact package: {cause1}.</source>
            <translation>{name} 不是完整的程序包：{cause1}。</translation>
        </message>
        <message>
            <source>{name} is packed in an unusual way</source>
            <translation>{name} 的打包方式不寻常</translation>
        </message>
        <message>
            <source>{name} is refused: {cause1}.</source>
            <translation>{name} 被拒绝：{cause1}。</translation>
        </message>
        <message>
            <source>{name} pauses the run; it waits when the present round has ended.</source>
            <translation>{name} 暂停了运行；当前轮次结束后开始等待。</translation>
        </message>
        <message>
            <source>{name} resumes the run.</source>
            <translation>{name} 恢复了运行。</translation>
        </message>
        <message>
            <source>{name}, run {run1}, round {round2}</source>
            <translation>{name}，运行 {run1}，第 {round2} 轮</translation>
        </message>
        <message>
            <source>{once} models are served already.</source>
            <translation>已有 {once} 个模型在提供服务。</translation>
        </message>
        <message>
            <source>{option} is no address.</source>
            <translation>{option} 不是地址。</translation>
        </message>
        <message>
            <source>{option} must begin with {join1} and name a host.</source>
            <translation>{option} 须以 {join1} 开头并指定主机。</translation>
        </message>
        <message>
            <source>{option} would send passwords and updates in the clear to {hostname1}.</source>
            <translation>{option} 会以明文向 {hostname1} 发送密码和更新。</translation>
        </message>
        <message>
            <source>{path} cannot be read as a Parquet file: {why1}.</source>
            <translation>无法将 {path} 作为 Parquet 文件读取：{why1}。</translation>
        </message>
        <message>
            <source>{path} cannot be read: {error1}.</source>
            <translation>{path} 无法读取：{error1}。</translation>
        </message>
        <message>
            <source>{path} cannot be read: {strerror1}.</source>
            <translation>{path} 无法读取：{strerror1}。</translation>
        </message>
        <message>
            <source>{path} cannot be written: {error1}.</source>
            <translation>{path} 无法写入：{error1}。</translation>
        </message>
        <message>
            <source>{path} in {name1} is larger than {limit2} bytes.</source>
            <translation>{name1} 中的 {path} 大于 {limit2} 字节。</translation>
        </message>
        <message>
            <source>{path} is cut</source>
            <translation>{path} 不完整</translation>
        </message>
        <message>
            <source>{path} is registered already, as '{name1}'.</source>
            <translation>{path} 已登记为“{name1}”。</translation>
        </message>
        <message>
            <source>{port}/tcp, outbound, {scheme1}</source>
            <translation>{port}/tcp，外发，{scheme1}</translation>
        </message>
        <message>
            <source>{python} does not start or lacks torch or flwr.</source>
            <translation>{python} 无法启动，或缺少 torch 或 flwr。</translation>
        </message>
        <message>
            <source>{root} holds more than {limit1} files.</source>
            <translation>{root} 中的文件超过 {limit1} 个。</translation>
        </message>
        <message>
            <source>{root} {fault1}; a package may not (largest file: {largest2}).</source>
            <translation>{root} {fault1}；程序包不允许如此（最大文件：{largest2}）。</translation>
        </message>
        <message>
            <source>{rounds} rounds cannot be run.</source>
            <translation>无法运行 {rounds} 轮。</translation>
        </message>
        <message>
            <source>{seen} is running</source>
            <translation>{seen} 正在运行</translation>
        </message>
        <message>
            <source>{self} cannot be read: {strerror1}.</source>
            <translation>{self} 无法读取：{strerror1}。</translation>
        </message>
        <message>
            <source>{self} is larger than {limit1} bytes, too large to be understood.</source>
            <translation>{self} 大于 {limit1} 字节，过大而无法解析。</translation>
        </message>
        <message>
            <source>{sentence}: the disk is full.</source>
            <translation>{sentence}：磁盘已满。</translation>
        </message>
        <message>
            <source>{sentence}: the package index does not answer.</source>
            <translation>{sentence}：软件包索引没有应答。</translation>
        </message>
        <message>
            <source>{sentence}: this Python has no venv.</source>
            <translation>{sentence}：此 Python 没有 venv。</translation>
        </message>
        <message>
            <source>{shown} defines no {name1}, which pyproject.toml names as {key2}.</source>
            <translation>{shown} 没有定义 {name1}，而 pyproject.toml 将其指定为 {key2}。</translation>
        </message>
        <message>
            <source>{shown} has a {other1}, and no {role2}.</source>
            <translation>{shown} 有 {other1}，但没有 {role2}。</translation>
        </message>
        <message>
            <source>{shown} includes {group1}, which is not in the package.</source>
            <translation>{shown} 引用了 {group1}，但它不在程序包中。</translation>
        </message>
        <message>
            <source>{shown} is included more than {limit1} levels deep.</source>
            <translation>{shown} 的引用层数超过 {limit1}。</translation>
        </message>
        <message>
            <source>{shown} is larger than {limit1} bytes, too large to be understood.</source>
            <translation>{shown} 大于 {limit1} 字节，过大而无法解析。</translation>
        </message>
        <message>
            <source>{shown} is not Python that can be read: {error1}.</source>
            <translation>{shown} 不是可读取的 Python：{error1}。</translation>
        </message>
        <message>
            <source>{shown} is not Python: {msg1} in line {lineno2}.</source>
            <translation>{shown} 不是 Python：第 {lineno2} 行 {msg1}。</translation>
        </message>
        <message>
            <source>{shown} is not UTF-8 text.</source>
            <translation>{shown} 不是 UTF-8 文本。</translation>
        </message>
        <message>
            <source>{shown} line {line1}: {what2}{more3}; every silo could read it</source>
            <translation>{shown} 第 {line1} 行：{what2}{more3}；每个站点都能读到</translation>
        </message>
        <message>
            <source>{shown} line {number1}: option {line2} is not used</source>
            <translation>{shown} 第 {number1} 行：不使用选项 {line2}</translation>
        </message>
        <message>
            <source>{silo}: {key1} is {value2} in round {round3}; training has diverged there.</source>
            <translation>{silo}：{key1} 在第 {round3} 轮为 {value2}；训练在那里已发散。</translation>
        </message>
        <message>
            <source>{size} go to every silo; data belongs to the silos</source>
            <translation>{size} 会发往每个站点；数据应留在站点</translation>
        </message>
        <message>
            <source>{some}: not in the job runtime, and no requirement brings it</source>
            <translation>{some}：不在作业运行时中，也没有依赖提供它</translation>
        </message>
        <message>
            <source>{some}: not in the job runtime; a requirement may bring it</source>
            <translation>{some}：不在作业运行时中；可能由某个依赖提供</translation>
        </message>
        <message>
            <source>{stream} of run {run1}</source>
            <translation>运行 {run1} 的 {stream}</translation>
        </message>
        <message>
            <source>{stream}: a value out of range</source>
            <translation>{stream}：值超出范围</translation>
        </message>
        <message>
            <source>{target} cannot be written: {strerror1}.</source>
            <translation>{target} 无法写入：{strerror1}。</translation>
        </message>
        <message>
            <source>{time}, quiet from {start1} to {end2}.</source>
            <translation>{time}，自 {start1} 至 {end2} 静默。</translation>
        </message>
        <message>
            <source>{time}, quiet until {end1}.</source>
            <translation>{time}，静默至 {end1}。</translation>
        </message>
        <message>
            <source>{title} cannot be started: {strerror1} ({command2}).</source>
            <translation>{title}无法启动：{strerror1}（{command2}）。</translation>
        </message>
        <message>
            <source>{title} cannot start: one of its ports is taken by another program.</source>
            <translation>{title}无法启动：其端口之一被其他程序占用。</translation>
        </message>
        <message>
            <source>{title} cannot start: the disk is full.</source>
            <translation>{title}无法启动：磁盘已满。</translation>
        </message>
        <message>
            <source>{title} does not answer {bound1} s after its start.</source>
            <translation>{title}启动 {bound1} 秒后仍没有应答。</translation>
        </message>
        <message>
            <source>{title} ended by itself (exit code {code1}).</source>
            <translation>{title}自行结束（退出码 {code1}）。</translation>
        </message>
        <message>
            <source>{title} ended while starting: {last1}</source>
            <translation>{title}在启动时结束：{last1}</translation>
        </message>
        <message>
            <source>{untold} log lines were dropped: the hub was away and the disk budget was used up.</source>
            <translation>已丢弃 {untold} 行日志：中枢不在线，且磁盘配额已用完。</translation>
        </message>
        <message>
            <source>{value} are free at {worst1}, {value2} are needed.</source>
            <translation>{worst1} 处剩余 {value}，需要 {value2}。</translation>
        </message>
        <message>
            <source>{value} free, {value1} needed</source>
            <translation>剩余 {value}，需要 {value1}</translation>
        </message>
        <message>
            <source>{version}, certificate by {name1}, valid until {until2}.</source>
            <translation>{version}，证书由 {name1} 颁发，有效期至 {until2}。</translation>
        </message>
        <message>
            <source>{what} cannot be installed</source>
            <translation>{what} 无法安装</translation>
        </message>
        <message>
            <source>{what} cannot be installed with {pip1}: {error2}.</source>
            <translation>无法用 {pip1} 安装 {what}：{error2}。</translation>
        </message>
        <message>
            <source>{what} deleted by {value1}.</source>
            <translation>{what}已由 {value1} 删除。</translation>
        </message>
        <message>
            <source>{what}: {join1}. This is done once; about 1.2 GB on disk (5 GB where pip offers the build for graphics processors)</source>
            <translation>{what}：{join1}。仅需一次；约占磁盘 1.2 GB（若 pip 提供图形处理器版本则为 5 GB）</translation>
        </message>
        <message>
            <source>{where} cannot be reached: {why1}.</source>
            <translation>无法访问 {where}：{why1}。</translation>
        </message>
        <message>
            <source>{where} knows device {edge1}.</source>
            <translation>{where} 认识设备 {edge1}。</translation>
        </message>
        <message>
            <source>{where} takes connections.</source>
            <translation>{where} 接受连接。</translation>
        </message>
        <message>
            <source>{where}: '{bare1}' is not a requirement.</source>
            <translation>{where}：“{bare1}”不是依赖。</translation>
        </message>
        <message>
            <source>{where}: hashes are not used</source>
            <translation>{where}：不使用哈希</translation>
        </message>
        <message>
            <source>{where}: {name1} comes with the job runtime</source>
            <translation>{where}：{name1} 随作业运行时提供</translation>
        </message>
        <message>
            <source>{who} is not a member of {name1} any more.</source>
            <translation>{who} 已不再是 {name1} 的成员。</translation>
        </message>
        <message>
            <source>{words}; the limit is {note1} s.</source>
            <translation>{words}；限值为 {note1} 秒。</translation>
        </message>
        <message>
            <source>{wrong} is not what the manifest lists</source>
            <translation>{wrong} 与清单所列不符</translation>
        </message>
        <message>
            <source>“{issuer}” vouches for {host1}, and this machine does not know it.</source>
            <translation>“{issuer}”为 {host1} 担保，而本机不认识它。</translation>
        </message>
    </context>
</TS>
