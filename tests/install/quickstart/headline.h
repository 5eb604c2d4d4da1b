// A user's own code on the client.
#ifndef QUICKSTART_HEADLINE_H_
#define QUICKSTART_HEADLINE_H_

#include <string>

#include "emptychair/client/client.h"
#include "emptychair/error.h"

// One line on a survey for a page that must always show something.
inline std::string Headline(const emptychair::Client& client, const std::string& survey_id) {
  const auto survey = client.GetSurvey(survey_id);
  if (emptychair::ReasonOf(survey.status()) == emptychair::v1::ERROR_REASON_SURVEY_NOT_FOUND) {
    return "We do not ask about this yet.";
  }
  return survey.ok() ? survey->question() : "Come back later.";
}

#endif  // QUICKSTART_HEADLINE_H_
