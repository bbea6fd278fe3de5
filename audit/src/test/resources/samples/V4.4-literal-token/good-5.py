PAGE = "https://pages.s3.amazonaws.com/review.html?AWSAccessKeyId=AKIAQ7ZRDTLP2MNWYKVB&Expires=1741812442"
