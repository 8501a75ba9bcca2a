// btard/core/policy_tree.hpp: the text of a policy as a tree of words, before anybody knows what they mean.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace btard {

/// @throws environment_error, always: what is wrong, where, and what would be right.
template <class... Parts>
[[noreturn]] void refuse_text(std::size_t column, Parts const&... sentence) {
    throw environment_error(errc::bad_text, concat("column ", column, ": ", sentence...));
}

/// One value of a text, such as that of tau in `mixed{nnm{.byzantine = 7}, centered_clip{.tau = 1}}`.
///
///     value = word | word "(" values ")" | word "{" values "}" | "{" values "}" | '"' letters '"'
///     each of the values may have a name before it: ".tau = 1"
struct policy_tree {
    std::string word;  ///< "centered_clip", "0.5", the letters between quotes; "" for a bare {...}
    std::string field; ///< the name given to this value by its parent's text; "" for a position
    std::vector<policy_tree> arguments; ///< row(3): one word
    std::vector<policy_tree> children;  ///< what stands between the braces
    bool quoted = false;                ///< the word stood between quotes
    bool braces = false;                ///< there are braces, perhaps with nothing between them
    std::size_t column = 1;             ///< where it begins in the text, from 1
    std::size_t field_column = 1;       ///< where the name given to it begins

    /// A word and nothing else: a number, a name.
    [[nodiscard]] bool is_word() const { return !word.empty() && !quoted && !braces && arguments.empty(); }

    /// Braces and nothing else, with or without values between them.
    [[nodiscard]] bool is_bare() const { return word.empty() && braces; }

    /// The 3 of `row(3)`.
    [[nodiscard]] policy_tree const& argument_value() const {
        if (arguments.size() != 1)
            refuse(concat("'", word, "' needs one value in parentheses"), concat(word, "(VALUE)"));
        return arguments.front();
    }

    /// @throws environment_error, always.
    [[noreturn]] void refuse(std::string_view sentence, std::string_view right) const {
        refuse_text(column, sentence, "; right would be: ", right);
    }
};

/// Texts come from operators, and from files that others wrote.
struct policy_text_limits {
    std::size_t letters = 65'536;
    std::size_t depth = 32;
};

namespace detail {

class policy_parser {
public:
    policy_parser(std::string_view text, policy_text_limits limits) : text_(text), limits_(limits) {
        if (text.size() > limits.letters)
            refuse_text(1, "the text has ", text.size(), " letters, at most ", limits.letters, " are read");
    }

    policy_tree whole() {
        policy_tree tree = value(0);
        if (!at_end()) refuse_text(column(), "nothing may follow here, but there is '", next(), "'");
        return tree;
    }

private:
    policy_tree value(std::size_t depth) {
        if (depth > limits_.depth) refuse_text(column(), "braces are nested deeper than ", limits_.depth);
        policy_tree tree;
        skip_blanks();
        tree.column = column();
        if (starts('"')) {
            tree.quoted = true;
            tree.word = quoted();
            return tree;
        }
        tree.word = word();
        if (take('(')) {
            if (tree.word.empty()) refuse_text(tree.column, "a name is missing before '('");
            tree.arguments = values(")", tree.column, depth);
            if (tree.arguments.empty()) refuse_text(tree.column, "a value is missing between '(' and ')'");
            return tree;
        }
        if (take('{')) {
            tree.braces = true;
            tree.children = values("}", tree.column, depth);
        } else if (tree.word.empty()) {
            if (at_end()) refuse_text(tree.column, "the text ends where a value is expected");
            refuse_text(tree.column, "a value is expected, but there is '", next(), "'");
        }
        return tree;
    }

    std::vector<policy_tree> values(std::string_view closing, std::size_t opened, std::size_t depth) {
        std::vector<policy_tree> all;
        while (!take(closing[0])) {
            if (at_end()) refuse_text(opened, "'", closing, "' is missing for what begins here");
            std::string field;
            std::size_t const begin = column();
            if (starts('.') && !digit(at_ + 1)) {
                ++at_;
                field = word();
                if (field.empty()) refuse_text(begin, "the name of a field is missing after '.'");
                if (!take('=')) refuse_text(column(), "'=' is missing after '.", field, "'");
            }
            all.push_back(value(depth + 1));
            all.back().field = field;
            all.back().field_column = begin;
            if (starts('=') && field.empty())
                refuse_text(begin, "the name of a field begins with a dot: '.", all.back().word, " = ...'");
            if (take(',') || starts(closing[0]) || at_end()) continue;
            refuse_text(column(), "',' or '", closing, "' is expected, but there is '", next(), "'");
        }
        return all;
    }

    /// Letters, digits and what numbers and paths need.  The namespace of a name is dropped, but that of a number is
    /// a mistake, which whoever reads the number will name.
    std::string word() {
        skip_blanks();
        std::size_t const begin = at_;
        while (at_ < text_.size() && letter_of_word(text_[at_])) ++at_;
        std::string_view found = text_.substr(begin, at_ - begin);
        auto const colons = found.rfind("::");
        if (colons != found.npos && colons + 2 < found.size() && letter_of_name(found[colons + 2]) &&
            letter_of_name(found.front()))
            found.remove_prefix(colons + 2);
        return std::string{found};
    }

    std::string quoted() {
        std::size_t const begin = column();
        std::string letters;
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
                ++at_;
                letters += text_[at_] == 'n' ? '\n' : text_[at_];
            } else {
                letters += text_[at_];
            }
        }
        if (at_ >= text_.size()) refuse_text(begin, "the quote that begins here does not end");
        ++at_;
        return letters;
    }

    static bool letter_of_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
    static bool letter_of_word(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view{"_.+-:'/~"}.find(c) != std::string_view::npos;
    }
    bool digit(std::size_t i) const { return i < text_.size() && text_[i] >= '0' && text_[i] <= '9'; }
    std::size_t column() const { return at_ + 1; }
    std::string_view next() const { return text_.substr(at_, 1); }
    void skip_blanks() {
        while (at_ < text_.size() && std::string_view{" \t\r\n"}.find(text_[at_]) != std::string_view::npos)
            ++at_;
    }
    bool at_end() {
        skip_blanks();
        return at_ == text_.size();
    }
    bool starts(char c) { return !at_end() && text_[at_] == c; }
    bool take(char c) {
        bool const there = starts(c);
        if (there) ++at_;
        return there;
    }

    std::string_view text_;
    policy_text_limits limits_;
    std::size_t at_ = 0;
};

} // namespace detail

/// Reads the whole text.
///
/// @throws environment_error with `errc::bad_text`.
[[nodiscard]] inline policy_tree parse_policy_tree(std::string_view text, policy_text_limits limits = {}) {
    return detail::policy_parser{text, limits}.whole();
}

} // namespace btard
