// SPDX-License-Identifier: Apache-2.0

// Everything public is documented, and the pages lead somewhere.

import Foundation
import Testing

/// A declaration that users can see.
struct PublicDeclaration {
  let line: Int
  let text: String
  let isDocumented: Bool
}

/// Finds the public declarations of a source: those that say so, cases of public enumerations and requirements of
/// public protocols. Names that begin with an underscore are public for the compiler's sake only.
struct PublicDeclarations {
  private(set) var all: [PublicDeclaration] = []
  private let source: [String]
  private let code: [String]

  init(_ text: String, code: [String]? = nil) {
    source = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    self.code = code ?? SwiftText(text).code
    collect()
  }

  private enum Scope { case publicEnum, publicProtocol, other }

  private mutating func collect() {
    let explicit =
      /^\s*(?:@\S+\s+)*(?:(?:static|final|nonisolated|mutating|nonmutating|consuming|borrowing|override|convenience|indirect|unsafe)\s+)*(?:public|open)(?!\()\s+(?!import\b|extension\b)(.*)/
    let requirement =
      /^\s*(?:@\S+\s+)*(?:(?:static|mutating|consuming|borrowing)\s+)*(func|var|init|subscript|associatedtype)\b(.*)/
    let enumCase = /^\s*(?:indirect\s+)?case\s+(.*)/
    var scopes: [Scope] = []
    for (index, line) in code.enumerated() {
      var opening = Scope.other
      if line.contains("public ") || line.contains("open "), let match = line.firstMatch(of: explicit) {
        add(index, String(match.1))
        if match.1.firstMatch(of: /^(?:indirect\s+)?enum\b/) != nil { opening = .publicEnum }
        if match.1.firstMatch(of: /^protocol\b/) != nil { opening = .publicProtocol }
      } else if scopes.last == .publicEnum, line.firstMatch(of: enumCase) != nil {
        add(index, line)
      } else if scopes.last == .publicProtocol, line.firstMatch(of: requirement) != nil {
        add(index, line)
      }
      for character in line {
        if character == "{" {
          scopes.append(opening)
          opening = .other
        } else if character == "}" {
          _ = scopes.popLast()
        }
      }
    }
  }

  private mutating func add(_ index: Int, _ declaration: String) {
    let name = declaration.firstMatch(of: /(?:func|var|let|struct|enum|class|protocol|typealias|actor)\s+`?(\w+)/)?.1
    if name?.hasPrefix("_") == true { return }
    // Attributes may stand between the comment and the declaration.
    var above = index - 1
    while above >= 0, source[above].firstMatch(of: /^\s*@/) != nil { above -= 1 }
    let isDocumented = above >= 0 && source[above].firstMatch(of: /^\s*\/\/\//) != nil
    all.append(
      PublicDeclaration(
        line: index + 1, text: declaration.trimmingCharacters(in: .whitespaces), isDocumented: isDocumented))
  }
}

@Suite("documentation")
struct DocumentationRulesTests {
  @Test("every public declaration has a comment directly above")
  func coverage() {
    var count = 0
    for (file, lines) in Checkout.code {
      let declarations = PublicDeclarations(file.text, code: lines).all
      count += declarations.count
      for declaration in declarations {
        #expect(declaration.isDocumented, "\(file):\(declaration.line): \(declaration.text)")
      }
    }
    #expect(count > 100, "the public declarations were not found")
  }

  @Test("the search for public declarations sees what users see")
  func search() {
    let source = """
      /// A.
      public struct A {
        public var b: Int
        /// C.
        @inlinable
        public static func c() {}
        public let _d = 1
        var e = "public var f"
      }
      /// G.
      public enum G {
        case h
        /// I.
        case i
        public func j() { switch self { case .h: break } }
      }
      public protocol K {
        func l()
      }
      """
    let undocumented = PublicDeclarations(source).all.filter { !$0.isDocumented }.map(\.line)
    #expect(undocumented == [3, 12, 15, 17, 18])
  }

  /// The pages that people read.
  private static func pages() throws -> [TextFile] {
    let top = try FileManager.default.contentsOfDirectory(atPath: Checkout.root.path).filter { $0.hasSuffix(".md") }
    let below = try Checkout.files(
      in: ["Documentation", "changelog", "fixtures", "Sources", "Benchmarks", "Fuzz", "Tests"], suffixes: [".md"])
    return try top.sorted().map(Checkout.file) + below
  }

  /// The lines of a page that are not in a code block.
  private static func prose(_ page: TextFile) -> [(number: Int, text: String)] {
    var isCode = false
    var prose: [(number: Int, text: String)] = []
    for (index, line) in page.lines.enumerated() {
      if line.hasPrefix("```") { isCode.toggle() } else if !isCode { prose.append((index + 1, line)) }
    }
    return prose
  }

  /// The anchors that a page offers, one for each heading.
  private static func anchors(_ page: TextFile) -> Set<String> {
    Set(
      prose(page).filter { $0.text.hasPrefix("#") }.map { line in
        String(
          line.text.drop { $0 == "#" || $0 == " " }.lowercased()
            .compactMap { $0 == " " ? "-" : $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" ? $0 : nil })
      })
  }

  @Test("links between pages lead somewhere")
  func links() throws {
    for page in try Self.pages() {
      for line in Self.prose(page) {
        for match in line.text.matches(of: /\]\(([^)\s]+)\)/) {
          let target = String(match.1)
          if target.contains("://") || target.hasPrefix("mailto:") || target.hasPrefix("doc:") { continue }
          let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
          let folder = Checkout.url(page.path).deletingLastPathComponent()
          let file = parts[0].isEmpty ? Checkout.url(page.path) : folder.appendingPathComponent(parts[0])
          #expect(
            FileManager.default.fileExists(atPath: file.path), "\(page):\(line.number): there is no \(target)")
          guard parts.count == 2, let text = try? String(contentsOf: file, encoding: .utf8) else { continue }
          #expect(
            Self.anchors(TextFile(path: "", text: text)).contains(parts[1]),
            "\(page):\(line.number): there is no heading #\(parts[1])")
        }
      }
    }
  }

  @Test("commands that the pages show exist")
  func commands() throws {
    for page in try Self.pages() {
      for match in page.text.matches(
        of: /(?:^|[\s`(])((?:bin|fixtures|\.ci)\/[a-z][a-z-]*)(?=[\s`,;:)]|\.(?:\s|$)|$)/.anchorsMatchLineEndings())
      {
        let path = Checkout.url(String(match.1)).path
        #expect(FileManager.default.fileExists(atPath: path), "\(page): there is no \(match.1)")
      }
    }
  }

  @Test("the tests that the promises cite exist")
  func citedTests() throws {
    let page = try Checkout.file("Documentation/Reliability.md")
    let tests = Dictionary(try Checkout.tests().map { ($0.name, $0.text) }) { $0 + $1 }
    let citations = page.text.matches(of: /[*|] `([A-Za-z]+)`: "((?:[^"\\]|\\.)+)"/)
    #expect(citations.count > 20, "the citations were not found")
    for citation in citations {
      let text = tests["\(citation.1).swift"] ?? ""
      #expect(text.contains("@Test(\"\(citation.2)\"") || text.contains("    \"\(citation.2)\""), "\(citation.0)")
    }
  }
}
