// SPDX-License-Identifier: Apache-2.0

/// What a browser sends when somebody presses a button.

/// The fields of a form, as `application/x-www-form-urlencoded` has them.
struct PageForm {
  private let fields: [String: String]

  /// - Parameter request: the request.
  /// - Returns: `nil` when its body is no form.
  init?(_ request: HTTPRequest) {
    guard let type = request.field("Content-Type"), type.hasPrefix("application/x-www-form-urlencoded"),
      let pairs = String(validating: request.body, as: UTF8.self).flatMap({ PercentCoding.pairs($0) })
    else { return nil }
    fields = Dictionary(pairs.map { ($0.name, $0.value) }) { _, last in last }
  }

  /// A field; `nil` when it is not there, or empty.
  subscript(_ name: String) -> String? { fields[name].flatMap { $0.isEmpty ? nil : $0 } }
}
