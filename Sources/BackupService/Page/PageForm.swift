// SPDX-License-Identifier: Apache-2.0

/// What a browser sends when somebody presses a button.

/// The fields of a form, as `application/x-www-form-urlencoded` has them.
struct PageForm {
  private var fields: [String: String] = [:]

  /// - Parameter request: the request.
  /// - Returns: `nil` when its body is no form.
  init?(_ request: HTTPRequest) {
    guard let type = request.field("Content-Type"), type.hasPrefix("application/x-www-form-urlencoded"),
      let text = String(validating: request.body, as: UTF8.self)
    else { return nil }
    for pair in text.split(separator: "&") {
      let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = PercentCoding.decoded(halves[0], plusIsBlank: true),
        let value = PercentCoding.decoded(halves.count > 1 ? halves[1] : "", plusIsBlank: true)
      else { return nil }
      fields[name] = value
    }
  }

  /// A field; `nil` when it is not there, or empty.
  subscript(_ name: String) -> String? { fields[name].flatMap { $0.isEmpty ? nil : $0 } }
}
