import Kubernetes
import Testing
import VirtualNode

@Suite struct PythonScriptTests {
    /// What a pod's container makes of a command.
    private func plan(
        _ command: [String], seed: UInt64 = 0, environment: [String: String] = [:]
    ) -> ContainerPlan {
        let variables = environment.sorted { $0.key < $1.key }
            .map { JSONValue.object(["name": .string($0.key), "value": .string($0.value)]) }
        let container: JSONObject = ["name": "main", "command": JSONValue(command), "env": .array(variables)]
        return ContainerPlan(Container(json: container), annotations: [:], isServer: false, seed: seed)
    }

    private func output(_ plan: ContainerPlan) -> String {
        plan.output.filter { $0.stream == .standardOutput }.map(\.text).joined()
    }

    @Test(
        "scripts print what Python would print",
        arguments: [
            ("print(1)", "1\n"), ("print('a', 2, 3.5, True, None)", "a 2 3.5 True None\n"),
            ("print(5 + 1)\n", "6\n"), ("print(7 // 2, -7 // 2, -7 % 3, 7 / 2, 2 ** 5)", "3 -4 2 3.5 32\n"),
            ("import json\nimport sys\njson.dump([i for i in range(20, 23)], sys.stdout)", "[20, 21, 22]"),
            (
                "import json\ni = 3\nres = {\n  \"num\": i,\n  \"evenness\": \"even\" if i % 2 == 0 else \"odd\"\n}\n"
                    + "print(json.dumps(res))\n", "{\"num\": 3, \"evenness\": \"odd\"}\n"
            ),
            ("print('exiting with code {}'.format(3))", "exiting with code 3\n"),
            ("x = 4\nprint(f'{x:03d} {x / 3:.2f} {{}}', '%s-%d' % ('a', 7))", "004 1.33 {} a-7\n"),
            ("for i in range(3):\n  if i == 1:\n    continue\n  print(i, end=' ')\nelse_ = 1; print(else_)", "0 2 1\n"),
            ("n = 3\nwhile n:\n    n -= 1\nprint(n)", "0\n"),
            ("a = [1]\na.append(2)\nprint(a, len(a), a[-1], 2 in a, 'x' not in a)", "[1, 2] 2 2 True True\n"),
            ("d = {'a': 1}\nd['b'] = 'x'\nprint(d, d.get('c', 0))", "{'a': 1, 'b': 'x'} 0\n"),
            ("if 1 > 2:\n    print('no')\nelif 'a' == \"a\": print('yes')\nelse:\n    pass", "yes\n"),
            ("print(' '.join(str(i * i) for i in range(4) if i % 2))", "1 9\n"),
            ("import os; print(os.environ.get('GREETING', 'none'), os.environ['GREETING'])", "hi hi\n"),
            ("print('''two\nlines''' 'more') # comment", "two\nlinesmore\n"),
            ("from random import randint as r\nprint(r(5, 5))", "5\n"),
        ])
    func prints(script: String, expected: String) {
        let plan = plan(["python", "-c", script], environment: ["GREETING": "hi"])
        #expect(output(plan) == expected)
        #expect(plan.exitCode == 0)
        #expect(plan.duration == .zero)
    }

    @Test(
        "scripts of JavaScript print what node would print",
        arguments: [
            ("var a = Math.floor(7.9); console.log(a);", "7\n"), ("console.log('a' + 1, 6 / 2)", "a1 3\n"),
            ("let x = 1 === 1 ? 'yes' : 'no' // so\nconsole.log(x)", "yes\n"),
            ("console.log(JSON.stringify([1, 'a']))", "[1,\"a\"]\n"),
        ])
    func javaScript(script: String, expected: String) {
        #expect(output(plan(["node", "-e", script])) == expected)
    }

    @Test(
        "a script ends with the code that Python would give it",
        arguments: [
            ("import sys\nsys.exit(3)", 3), ("exit()", 0), ("raise Exception('boom')", 1), ("print(1 / 0)", 1),
            ("import sys; sys.exit('no')", 1), ("[][0]", 1), ("int('x')", 1),
        ])
    func codes(script: String, code: Int) {
        #expect(plan(["/usr/bin/python3", "-c", script]).exitCode == code)
    }

    @Test("what is drawn follows from the seed, and differs from seed to seed")
    func draws() {
        let command = ["python", "-c", "import random\nprint('heads' if random.randint(0,1) == 0 else 'tails')"]
        let flips = (0..<64).map { output(plan(command, seed: $0)) }
        #expect(flips == (0..<64).map { output(plan(command, seed: $0)) })
        #expect(Set(flips) == ["heads\n", "tails\n"])
        let codes = (0..<64).map {
            plan(["python", "-c", "import random, sys; sys.exit(random.choice([0, 1, 1]))"], seed: $0).exitCode
        }
        #expect(Set(codes) == [0, 1])
        let shell = (0..<64).map { output(plan(["sh", "-c", "echo $((1 + RANDOM % 10)) $RANDOM"], seed: $0)) }
        #expect(Set(shell).count > 32)
    }

    @Test("sleeping takes time, and files are written")
    func effects() {
        let script = "import time\nwith open('/tmp/a', 'w') as f:\n    f.write('x')\ntime.sleep(1.5)\nprint('late')"
        let plan = plan(["python", "-c", script])
        #expect(plan.duration == .milliseconds(1500))
        #expect(plan.files == ["/tmp/a": "x"])
        #expect(plan.output.map(\.offset) == [.milliseconds(1500)])
    }

    @Test(
        "what is not understood prints nothing but that, and succeeds",
        arguments: [
            "def f():\n    return 1\nprint(f())", "print(1); import requests; requests.get('x')", "print('open",
            "class A: pass", "x = lambda: 1", "print(\(String(repeating: "(", count: 5_000))",
            "print(\(String(repeating: "1+", count: 1_000))1)", "print(unknown)",
        ])
    func unknown(script: String) throws {
        let plan = plan(["python", "-c", script])
        #expect(plan.exitCode == 0)
        #expect(plan.duration == .zero)
        #expect(output(plan).isEmpty)
        #expect(try #require(plan.output.first?.text).contains("does not run"))
    }

    @Test("a script that never ends runs until it is stopped", arguments: ["while True: pass", "while 1:\n  x = 1"])
    func endless(script: String) {
        #expect(plan(["python", "-c", script]).duration == nil)
    }
}
