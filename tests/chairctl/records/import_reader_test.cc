#include "tools/chairctl/records/import_reader.h"

#include <sstream>
#include <string>
#include <vector>

#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

using Texts = std::vector<std::string>;

class RecordReaderTest : public ::testing::Test {
 protected:
  absl::Status Open(bool json, const std::string& text, const Texts& maps = {},
                    const Texts& blanks = {}) {
    in_.clear();
    in_.str(text);
    reader_ = json ? ImportReader::ForJsonLines(in_) : ImportReader::ForCsv(in_);
    if (absl::Status status = reader_->Open(); !status.ok()) {
      return status;
    }
    absl::StatusOr<Mapping> mapping = ParseMapping(maps, blanks);
    return mapping.ok() ? reader_->Bind(*std::move(mapping)) : mapping.status();
  }

  Row Next() {
    std::optional<Row> row = reader_->Next();
    EXPECT_TRUE(row.has_value());
    return row.value_or(Row());
  }

  std::istringstream in_;
  std::unique_ptr<ImportReader> reader_;
};

TEST(ParseMapping, SplitsAtTheFirstEqualsSign) {
  const absl::StatusOr<Mapping> mapping =
      ParseMapping({"score=NPS=10", "label.region=Region", "label.a.b=x y"}, {"NA", "-"});
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  EXPECT_THAT(mapping->columns,
              ElementsAre(Pair("label.a.b", "x y"), Pair("label.region", "Region"),
                          Pair("score", "NPS=10")));
  EXPECT_THAT(mapping->blanks, ElementsAre("-", "NA"));
}

TEST(ParseMapping, RefusesWhatIsNoMapping) {
  for (const Texts& maps : {Texts{"score"}, Texts{"score="}, Texts{"=x"}, Texts{"rating=x"},
                            Texts{"label.=x"}, Texts{"label=x"}, Texts{"score=a", "score=b"}}) {
    EXPECT_EQ(ReasonOf(ParseMapping(maps, {}).status()), v1::ERROR_REASON_FIELD_INVALID)
        << maps.front();
  }
}

TEST_F(RecordReaderTest, MapsColumnsAndThoseThatAreNamedLikeAField) {
  ASSERT_TRUE(
      Open(false, "Rating,comment,label.region,other\n9,good,EU,x\n", {"score=Rating"}).ok());
  EXPECT_THAT(Next().fields,
              ElementsAre(Pair("comment", "good"), Pair("label.region", "EU"), Pair("score", "9")));
  EXPECT_TRUE(reader_->CanHave("score"));
  EXPECT_FALSE(reader_->CanHave("occur_time"));
  EXPECT_FALSE(reader_->Next().has_value());
}

TEST_F(RecordReaderTest, AFlagOverridesAColumnOfTheFieldsName) {
  ASSERT_TRUE(Open(false, "score,real\n1,9\n", {"score=real"}).ok());
  EXPECT_THAT(Next().fields, ElementsAre(Pair("score", "9")));
}

TEST_F(RecordReaderTest, BlankValuesCountAsEmpty) {
  ASSERT_TRUE(Open(false, "score,comment\nNA,-\n7,NA!\n", {}, {"NA", "-"}).ok());
  EXPECT_THAT(Next().fields, ElementsAre(Pair("comment", ""), Pair("score", "")));
  EXPECT_THAT(Next().fields, ElementsAre(Pair("comment", "NA!"), Pair("score", "7")));
}

TEST_F(RecordReaderTest, RefusesAMappedColumnThatIsNotThere) {
  const absl::Status status = Open(false, "a,b c\n1,2\n", {"score=Rating"});
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"Rating\""));
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"a\", \"b c\""));
}

TEST_F(RecordReaderTest, RefusesAMappedColumnThatIsThereTwice) {
  EXPECT_FALSE(Open(false, "a,a,b\n1,2,3\n", {"score=a"}).ok());
  EXPECT_TRUE(Open(false, "a,a,b\n1,2,3\n", {"score=b"}).ok());
}

TEST_F(RecordReaderTest, RejectedRowsKeepTheirColumns) {
  ASSERT_TRUE(Open(false, "score,\"x,y\"\n1,\"p,q\"\n1\n1,2,3\n").ok());
  EXPECT_EQ(reader_->RejectsHeader(), "score,\"x,y\",error_line,error_reason\n");
  EXPECT_EQ(reader_->RejectedRow(Next(), "R: m"), "1,\"p,q\",2,R: m\n");
  EXPECT_EQ(reader_->RejectedRow(Next(), "R: m"), "1,,3,R: m\n");
  EXPECT_EQ(reader_->RejectedRow(Next(), "R: m"), "1,\"2,3\",4,R: m\n");
}

TEST_F(RecordReaderTest, ReadsJsonLinesByNameAndMapping) {
  ASSERT_TRUE(Open(true,
                   "{\"Rating\": 9, \"comment\": \"a\\nb\", \"labels\": {\"region\": \"EU\"},"
                   " \"label.channel\": \"web\", \"other\": [1, 2]}\r\n"
                   "\n"
                   "{\"Rating\": null, \"external_id\": 17, \"score\": 1}",
                   {"score=Rating"})
                  .ok());
  EXPECT_THAT(Next().fields, ElementsAre(Pair("comment", "a\nb"), Pair("label.channel", "web"),
                                         Pair("label.region", "EU"), Pair("score", "9")));
  const Row second = Next();
  EXPECT_EQ(second.line, 3);
  EXPECT_THAT(second.fields, ElementsAre(Pair("external_id", "17"), Pair("score", "")));
  EXPECT_FALSE(reader_->Next().has_value());
}

TEST_F(RecordReaderTest, WritesJsonNumbersWithoutExponents) {
  ASSERT_TRUE(Open(true,
                   "{\"score\": 9.0}\n{\"score\": 9.5}\n{\"customer_id\": 1000000}\n"
                   "{\"customer_id\": 9007199254740991}\n")
                  .ok());
  EXPECT_EQ(Next().fields["score"], "9");
  EXPECT_EQ(Next().fields["score"], "9.5");
  EXPECT_EQ(Next().fields["customer_id"], "1000000");
  EXPECT_EQ(Next().fields["customer_id"], "9007199254740991");
}

TEST_F(RecordReaderTest, RefusesJsonThatIsNoFlatObject) {
  for (const char* line : {"[1]", "9", "{\"score\": }", "not json", "{\"score\": [9]}",
                           "{\"score\": true}", "{\"score\": {\"a\": 1}}", "\"\xFF\"",
                           "{\"labels\": {\"a\": {}}}", "{\"customer_id\": 9007199254740993}"}) {
    ASSERT_TRUE(Open(true, std::string(line) + "\n{\"score\": 1}\n").ok());
    const Row bad = Next();
    EXPECT_EQ(ReasonOf(bad.status), v1::ERROR_REASON_FIELD_INVALID) << line;
    EXPECT_THAT(bad.fields, IsEmpty()) << line;
    EXPECT_TRUE(Next().status.ok());
  }
}

TEST_F(RecordReaderTest, RejectedJsonKeepsItsObjectOrItsText) {
  ASSERT_TRUE(Open(true, "{\"score\":99}\nnot json\n").ok());
  EXPECT_EQ(reader_->RejectsHeader(), "");
  const std::string object = reader_->RejectedRow(Next(), "R: m");
  EXPECT_THAT(object, HasSubstr("\"score\":99"));
  EXPECT_THAT(object, HasSubstr("\"error_line\":1"));
  EXPECT_THAT(object, HasSubstr("\"error_reason\":\"R: m\""));
  EXPECT_THAT(reader_->RejectedRow(Next(), "R: m"), HasSubstr("\"line\":\"not json\""));
}

TEST_F(RecordReaderTest, RefusesAnEmptyFile) {
  EXPECT_FALSE(Open(true, "").ok());
  EXPECT_FALSE(Open(false, "").ok());
}

}  // namespace
}  // namespace emptychair
